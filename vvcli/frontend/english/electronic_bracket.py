"""Brackets and signs of code: "argv[1]", "O(n log n)", "vector<int>", "0xFF", "!done", "::1"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.electronic_code import Dotted, Identifier
from vvcli.frontend.english.number_words import digits, letters
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, words

_ARRAYS = cues("code.arrays")
_INCLUDES = cues("code.directives")


@dataclass(frozen=True)
class Indexed(Identifier):
    """A name and what stands in square brackets after it: "argv[1]", "x[i][j]"."""

    indices: tuple[str, ...] = ()

    def words(self, british: bool) -> str:
        """As in "argv one"."""
        said = [Dotted(self.name).words(british)]
        for index in self.indices:
            minus = "minus" * index.startswith("-")
            said += [minus, Identifier(index).words(british)]
        return " ".join(filter(None, said))


@dataclass(frozen=True)
class Code:
    """What is said for a sign of code, or nothing."""

    said: str

    def words(self, british: bool) -> str:
        """As in "o of"."""
        return self.said


def _indexed(match: re.Match[str], clause: Clause) -> Indexed | None:
    """Code, where the name or what follows says so: elsewhere "word[1]" has a footnote."""
    name, end = match["name"], match.end()
    indices = tuple(re.findall(r"\[['\"]?(-?\w+)['\"]?\]", match["indices"]))
    is_code = (
        name.lower().rpartition(".")[2] in _ARRAYS
        or "_" in name
        or len(name) == 1
        or len(indices) > 1
    )
    is_code = is_code or re.search("[a-z][A-Z]", name) is not None or "'" in match["indices"]
    if not is_code and not _CODE_AFTER.match(clause.text, end):
        return None
    return Indexed(name, indices)


_CODE_AFTER = re.compile(r"\s?(?:[-+*/]?=|==|\+\+|\.\w)|\(")


def _order(match: re.Match[str], clause: Clause) -> Code:
    """The order of an algorithm: "O(n)", whose brackets are silent."""
    return Code(f"{letters(match['sign'])} of")


def _order_end(match: re.Match[str], clause: Clause) -> Code | None:
    place = match.start()
    opened = clause.text.rfind("(", max(0, place - 40), place)
    is_order = opened > 0 and _ORDER.match(clause.text, opened - 1) is not None
    return Code("") if is_order and not clause.touches(opened - 1).isalnum() else None


def _attached(match: re.Match[str], clause: Clause) -> Code | None:
    """Brackets around a letter or number that continue a name: "12(b)(6)"."""
    return Code("") if _continues(clause, match.start()) else None


def _continues(clause: Clause, opened: int) -> bool:
    before = clause.touches(opened)
    if before.isdigit() and clause.follows(opened + 1).isdigit():  # 3(4) is a product
        cue = clause.before(opened, 2).lower()
        return cue in words("english/sections") or cue in ("§", ".")
    return before.isalnum() or before == ")"


def _attached_end(match: re.Match[str], clause: Clause) -> Code | None:
    place = match.start()
    opened = clause.text.rfind("(", max(0, place - 5), place)
    if opened <= 0 or not _ATTACHED.match(clause.text, opened):
        return None
    return Code("") if _continues(clause, opened) else None


def _literal(match: re.Match[str], clause: Clause) -> Code | None:
    """A number with its base: "0xFF", "0b1010"."""
    is_binary = match["base"] in "bB"
    if is_binary and set(match["digits"]) - set("01"):
        return None
    said = digits(match["digits"]) if is_binary else letters(match["digits"])
    return Code(f"zero {match['base'].lower()} {said}")


def _template(match: re.Match[str], clause: Clause) -> Code | None:
    """The brackets of a type: "vector<int>" is a "vector of int"."""
    before = clause.touches(match.start())
    return Code("of") if before.isalnum() else None


def _template_end(match: re.Match[str], clause: Clause) -> Code | None:
    place = match.start()
    opened = clause.text.rfind("<", max(0, place - 60), place)
    if opened not in clause.index or not _TYPE.match(clause.text, opened):
        return None  # in "<<" no token begins at the second one
    is_type = clause.touches(opened).isalnum() or clause.before(opened).lower() in _INCLUDES
    return Code("") if is_type else None


def _header(match: re.Match[str], clause: Clause) -> Code | None:
    return Code("") if clause.before(match.start()).lower() in _INCLUDES else None


def _not(match: re.Match[str], clause: Clause) -> Code | None:
    before = clause.touches(match.start())
    return Code("not") if not before or before.isspace() or before in "(!&|=" else None


def _directive(match: re.Match[str], clause: Clause) -> Code | None:
    return Code("") if clause.touches(match.start()).strip() == "" else None


_ORDER = re.compile(r"(?P<sign>[OΘΩ])\((?=[^()]{1,39}\))")
_ATTACHED = re.compile(r"\((?=(?:[A-Za-z]|\d{1,3}|[ivx]{2,4})\))")
_TYPE = re.compile(r"<(?=[A-Za-z_][\w:.,/ *&-]{0,56}>(?!\w))")

RULES = [
    Rule(
        re.compile(
            r"(?P<name>[A-Za-z]\w{0,40}(?:\.[A-Za-z_]\w{0,40}){0,3})"
            r"(?P<indices>(?:\[(?:-?\d{1,4}|[a-z]\w{0,20}|'\w{1,20}'|\"\w{1,20}\")\]){1,4})(?!\w)"
        ),
        _indexed,
        "w",
        shape=r"a+[\[0_.]",
        needs="[",
    ),
    Rule(_ORDER, _order, "C", frozenset(["o", "θ", "ω"]), shape="a[(]"),
    Rule(re.compile(r"\)"), _order_end, ")"),
    Rule(_ATTACHED, _attached, "(", shape="[(][0a]"),
    Rule(re.compile(r"\)"), _attached_end, ")"),
    Rule(
        re.compile(r"0(?P<base>[xXbB])(?P<digits>[0-9A-Fa-f]{1,32})(?!\w)"),
        _literal,
        "0",
        shape="0a",
        letters="xb",
    ),
    Rule(_TYPE, _template, "<", shape="<[a_]", needs=">"),
    Rule(re.compile(r"<(?=[\w./-]{1,56}>)"), _header, "<", shape="<[^ ]", needs=">"),
    Rule(re.compile(r">"), _template_end, ">"),
    Rule(
        re.compile(r"!(?!important)(?=[A-Za-z_(]\w{0,40}(?:[).&|;(\[_]|\s*(?:$|[&|=?])))"),
        _not,
        "!",
        shape="![a_(]",
    ),
    Rule(re.compile(r"::1(?!\w)"), lambda m, c: Code("colon colon one"), ":", shape=":0"),
    Rule(
        re.compile(rf"#(?=(?:{'|'.join(sorted(_INCLUDES))})\s)"),
        _directive,
        "#",
        shape="#a",
    ),
]
