"""Signs by their names, and those that only decorate, which are silent."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, mapping


@dataclass(frozen=True)
class Symbol:
    """A sign that is said, or none: decoration."""

    said: str

    def words(self, british: bool) -> str:
        """Its name; "" for decoration."""
        return self.said


def symbol(text: str) -> Symbol:
    """What a sign means that no rule took."""
    return Symbol(_name(text))


def _name(text: str) -> str:
    signs = mapping("english/signs")
    if text in signs:
        return signs[text].strip()
    if text[0] in signs and len(set(text)) == 1 and len(text) > 1:
        return "" if text[0] in "*_~=-#^|<>+%$£€¥&@`\\/" else signs[text[0]].strip()
    character = text[0]
    category = unicodedata.category(character)
    if category not in ("Sm", "Sc"):
        return ""  # boxes, bullets, ornaments, dingbats, controls
    words = re.sub(r"[^a-z ]", " ", unicodedata.name(character, "").lower())
    return " ".join(words.removesuffix(" sign").split())


def _number_sign(match: re.Match[str], clause: Clause) -> Symbol:
    return _NUMBER


def _section(match: re.Match[str], clause: Clause) -> Symbol | None:
    signs = match[0].strip()
    return Symbol(_name(signs[0]) + "s" * (len(signs) == 2))


_CURRENCIES = tuple("$£€")


def _slash(match: re.Match[str], clause: Clause) -> Symbol | None:
    """Between two words with spaces, a break; between others, said."""
    place, end = match.span()
    touches, after = clause.touches(place), clause.after(end)
    if after in _CURRENCIES and clause.previous == "Cardinal" and touches.isdigit():
        return Symbol("for")  # 3/$10
    if _is_root(place, end, clause):
        return _SLASH
    if not after or touches == "_" or not clause.before(place):
        return _SILENT
    if clause.previous == "Measure" and (after[0].isdigit() or clause.before(place, 2) == "°"):
        return _SILENT  # 220V/50Hz
    spaced = touches.isspace() and clause.follows(end).isspace()
    return Symbol(",") if spaced else _SLASH


def _is_root(place: int, end: int, clause: Clause) -> bool:
    """Whether it stands alone in a command, as a folder does: "rm -rf / && ls"."""
    after, before = clause.after(end), clause.before(place)
    if clause.follows(end).isalnum() or not clause.touches(place).isspace() or after.isalpha():
        return False
    is_option = clause.before(place, 2) in ("-", "--") and clause.touches(place - 1).isalpha()
    return after in ("&&", "||") or is_option or before in _COMMANDS


def _star(match: re.Match[str], clause: Clause) -> Symbol | None:
    """All columns, or all files: "SELECT * FROM t", "COUNT(*)", "ls *"."""
    place, end = match.span()
    touches, before, after = clause.touches(place), clause.before(place), clause.after(end)
    if touches == "(" and clause.follows(end) == ")":
        return _STAR if clause.before(place, 2).lower() == "count" else None
    if not touches.isspace() or (end < len(clause.text) and clause.follows(end) not in " ;|"):
        return None
    is_query = before.lower() in ("select", "distinct") or before == "DELETE"
    is_query = is_query and after.lower() == "from" and before.isupper() == after.isupper()
    return _STAR if is_query or before in _COMMANDS else None


_STAR = Symbol("star")
_COMMANDS = cues("code.commands")
_SILENT, _SLASH = Symbol(""), Symbol("slash")


def _compare(match: re.Match[str], clause: Clause) -> Symbol | None:
    """< and > where something is compared; elsewhere they decorate."""
    after = clause.token_after(match.end())
    before = clause.token_before(match.start())
    if after is None or (
        before is None and match[0] == ">" and not (after.kind == "number" or after.text in "$€£¥")
    ):
        return Symbol("")
    return None


def _about(match: re.Match[str], clause: Clause) -> Symbol:
    if clause.touches(match.start()).isdigit() and clause.follows(match.end()).isdigit():
        return Symbol("to")  # 20~30
    if clause.touches(match.start()).isalpha():
        return Symbol("tilde")  # HEAD~3
    after = clause.token_after(match.end())
    is_number = after is not None and (
        after.kind == "number" or (after.text in "$€£" and clause.follows(after.end).isdigit())
    )
    return Symbol("about" if is_number and clause.follows(match.end()).strip() else "")


def _scale(match: re.Match[str], clause: Clause) -> Symbol:
    scale = "celsius" if match["scale"] in "Cc" else "fahrenheit"
    return Symbol(f"degrees {scale}")


def _degrees(match: re.Match[str], clause: Clause) -> Symbol:
    touches = clause.touches(match.start())
    if touches and not (touches.isalnum() or touches.isspace()):
        return Symbol("")  # (°o°)
    return Symbol("degree" if clause.before(match.start()) == "1" else "degrees")


def _currency(match: re.Match[str], clause: Clause) -> Symbol | None:
    """ "$HOME" is a variable; "$$$" decorates."""
    if match[0] == "$" and clause.follows(match.end()).isalpha():
        return Symbol("dollar")
    return None


def _at(match: re.Match[str], clause: Clause) -> Symbol:
    return Symbol("at")


def _hash(match: re.Match[str], clause: Clause) -> Symbol:
    end = match.end()
    is_numbered = (
        clause.after(end)[:1].isdigit()
        or (clause.after(end, 2) == "-" and clause.after(end, 3).isdigit())
        or clause.before(match.start()).lower() in _CODES
    )
    return _NUMBER if is_numbered else _HASH


_CODES = cues("digits.codes")
_NUMBER, _HASH = Symbol("number"), Symbol("hash")


def _plus(match: re.Match[str], clause: Clause) -> Symbol | None:
    before, after = clause.before(match.start()), clause.after(match.end())
    return Symbol("") if not before and not after else Symbol("plus")


def _percent(match: re.Match[str], clause: Clause) -> Symbol | None:
    return Symbol("percent") if clause.before(match.start()) or clause.text == "%" else None


_SELF = {"-": "minus", "+": "plus", "*": "times", "/": "divided by", "%": "percent"}


@dataclass(frozen=True)
class Smiley(Symbol):
    """A face made of signs, which is silent."""


def _smiley(match: re.Match[str], clause: Clause) -> Smiley | None:
    before = clause.touches(match.start())
    return None if before and not before.isspace() else Smiley("")


RULES = [
    Rule(
        re.compile(
            r"(?:[:;=8xX][-'^o]?[)(DPpOo3|\\/\[\]*]|<3|\^_+\^|-_+-|:'\(|[oO]_[oO]|T_T|¯\\_\(ツ\)_/¯)(?![\w/])"
        ),
        _smiley,
        ":;=<^-8",
        shape="[:;=][^ ]|<0|\\^_|-_",
    ),
    Rule(re.compile(r"☆+"), lambda m, c: Symbol("") if c.touches(m.start()) == "★" else None, "☆"),
    Rule(re.compile(r"[→←↑↓]"), lambda m, c: None if c.before(m.start()) else Symbol(""), "→←↑↓"),
    Rule(
        re.compile(r"\+/-(?!\w)|\+/-(?=\d)"),
        lambda m, c: Symbol("plus or minus"),
        "+",
        shape="[+]/",
    ),
    Rule(
        re.compile(r"\([cC]\)(?=\s(?:19|20)\d\d)"),
        lambda m, c: Symbol("copyright"),
        "(",
        shape="[(]a",
    ),
    Rule(re.compile(r"№\s?|#\s?(?=\d)"), _number_sign, "№#"),
    Rule(re.compile(r"[nN]°\s?(?=\d)"), _number_sign, "w", frozenset("n")),
    Rule(re.compile(r"(?:§§?|¶¶?)\s?"), _section, "§¶"),
    Rule(
        re.compile(r"<>|<=|>=|!==?|===?|<->|-{1,2}>|=>|<-{1,2}(?![\d])|&&|\|\|"),
        lambda m, c: Symbol(_name(m[0].replace("<--", "<-"))),
        "<>=!-&|",
        shape="[^a0][<>=&|-]|!",
    ),
    Rule(
        re.compile(r"[-+*/%]="),
        lambda m, c: Symbol(f"{_SELF[m[0][0]]} equals"),
        "-+*/%",
        shape=".=",
    ),
    Rule(re.compile(r"[<>]"), _compare, "<>"),
    Rule(re.compile(r"/"), _slash, "/"),
    Rule(re.compile(r"(?<=/)\.(?=[A-Za-z])"), lambda m, c: Symbol("dot"), ".", shape="[.]a"),
    Rule(re.compile(r"\*(?!\*)"), _star, "*", shape=r"\*[ );|]|\*$"),
    Rule(re.compile(r"~"), _about, "~"),
    Rule(re.compile(r"°\s?(?P<scale>[CFcf])(?!\w)"), _scale, "°", shape="°[ a]"),
    Rule(re.compile(r"°"), _degrees, "°"),
    Rule(re.compile(r"\$"), _currency, "$"),
    Rule(re.compile(r"#"), _hash, "#"),
    Rule(re.compile(r"\+"), _plus, "+"),
]
