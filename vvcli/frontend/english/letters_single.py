"""Single letters that are names: "Vitamin A", "an A", "(a)", "J. Smith", "C#", "B+"."""

from __future__ import annotations

import re
from functools import cache
from string import ascii_lowercase

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.letters import Letters
from vvcli.frontend.english.number_words import letters
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import words

_AY = Letters("ay")
_LIST = re.compile(r"(?<!\w)[A-Z],? (?:and|or) $")


def _plural(match: re.Match[str], clause: Clause) -> Letters | None:
    """Several of a letter, beside others: "Ps and Qs"."""
    around = clause.text[max(0, match.start() - 8) : match.end() + 8]
    return Letters(letters(match["letter"]), "'s") if _PLURALS.search(around) else None


_PLURALS = re.compile(r"(?<!\w)[A-Z]s (?:and|&|or) [A-Z]s(?!\w)")


def _initial(match: re.Match[str], clause: Clause) -> Letters | None:
    """J. in "J. Smith", but not the end of "Plan B. Then"."""
    before, after = clause.before(match.start()).lower(), clause.after(match.end())
    is_cued = before in words("english/letter_cues") or before in words("english/sections")
    is_listed = before in ("and", "or") and _LIST.search(
        clause.text[max(0, match.start() - 12) : match.start()]
    )
    if is_listed:
        return None  # A, B, and C. Then
    if after.lower() in clause.starters and (before or not clause.begins_sentence(match.start())):
        return None
    return None if is_cued and len(after) > 1 else Letters(letters(match[0]))


def _genus(match: re.Match[str], clause: Clause) -> Letters | None:
    """The first name of a species, as in "E. coli", whose second has a Latin ending."""
    name = match["species"]
    return Letters(letters(match[0])) if name.endswith(_LATIN) and name not in _ENGLISH else None


_LATIN = (
    *("us", "i", "is", "um", "ae", "ii", "ans", "ens", "aster", "cola", "oides", "ica", "osa"),
    *("difficile", "rex"),
)
_ENGLISH = ("this", "thus", "plus", "versus", "basis", "gives", "album", "maximum", "minimum")


def _letter(match: re.Match[str], clause: Clause) -> Letters | None:
    """A lone capital, as a name: "Vitamin A", "an A", "A1"; not the article, and not "I"."""
    written, ending = match.groups("")
    if written not in "AI":
        return _named(written, ending)
    place, end = match.span()
    if written == "I":
        return None
    before, after = clause.before(place).lower(), clause.after(end)
    follows, touches = clause.follows(end), clause.touches(place)
    if ending or follows in ("-", "+", "&", "/", "#", "=", "_") or follows.isdigit():
        return _named("A", ending)
    if touches and (touches.isdigit() or touches in "-&/+=_"):
        return _AY
    if before in words("english/letter_cues") or before in ("an", "grade", "=", "&", "+"):
        return _AY
    if before[-1:].isdigit() and (before in words("english/sections") or _numbered(place, clause)):
        return _AY
    after_token = clause.token_after(end)
    if (
        after_token is None
        or after_token.kind in ("stop", "symbol")
        or after in (",", ":", ")", ";")
    ):
        return _AY
    if len(after) == 1 and after.isupper() and after != "I":
        return _AY
    if len(before) == 1 and before.isalpha() and before != "i" and clause.before(place).isupper():
        return _AY
    is_start = clause.begins_sentence(place)
    if is_start or clause.is_shouting or clause.previous in ("", "Pause", "Stop"):
        return _AY if after in ("is", "and") and _is_named(clause, end) else None
    if after[:1].isupper() and before not in ("a", "the", "of"):
        return None  # "Once Upon A Time"
    if touches == '"' or before in ("a", "the", "with", "and", "or", "of", "by", "for", "is"):
        return _AY
    return _AY if after in ("or", "and", "to", "is", "in", "for") else None


@cache
def _named(letter: str, ending: str) -> Letters:
    return Letters(letters(letter), ending)


def _is_named(clause: Clause, end: int) -> bool:
    """Whether what follows "A" takes it for a letter: "A is for apple", "A and B"."""
    following = clause.after(end, 2)
    return clause.after(end) == "is" or (len(following) == 1 and following.isupper())


def _numbered(place: int, clause: Clause) -> bool:
    return clause.before(place, 2).lower() in words("english/sections")


_OPERAND = re.compile(r"\s?(?:[=!<>]=|[=+*&<>^≠≤≥])\s?(?:[a-z](?!\w)|\d)")


def _lower_letter(match: re.Match[str], clause: Clause) -> Letters | None:
    """A small letter that is a name: "(a)", "a = b", "a & b"."""
    place, end = match.start(), match.end()
    touches, follows = clause.touches(place), clause.follows(end)
    if follows in _BESIDE or touches in _BESIDE or (touches == "(" and follows == ")"):
        return _AY
    if follows.isdigit():
        return _AY if touches in ("", " ") else None
    if follows == "-" and clause.text[end + 1 : end + 2].isdigit():
        return _AY
    after = clause.after(end)
    if after in ("b", "k") and clause.after(end, 2) in ("c", "a") and not clause.after(end, 3):
        return _AY  # a b c, a k a
    return _AY if _OPERAND.match(clause.text, end) else None


_BESIDE = ("+", "=", "^", "*", "_")  # operators


def _sharp(match: re.Match[str], clause: Clause) -> Letters:
    signs = {
        "#": "sharp",
        "++": "plus plus",
        "+": "plus",
        "-": "minus",
        "*": "star",
        "♯": "sharp",
        "♭": "flat",
    }
    return Letters(f"{letters(match['letter'])} {signs[match['sign']]}")


_ANY = frozenset(ascii_lowercase)  # words of one letter

RULES = [
    Rule(
        re.compile(r"T(?P<sign>[-+–])(?=\d{1,4}\s?(?:[smhd](?!\w)|(?:sec|min|hour|hr|day)))"),
        lambda m, c: Letters(f"t {'plus' if m['sign'] == '+' else 'minus'}"),
        "C",
        frozenset("t"),
        shape="a[-+–]0",
    ),
    Rule(
        re.compile(r"(?P<letter>[A-Z])s(?!\w)"),
        _plural,
        "C",
        frozenset(f"{c}s" for c in ascii_lowercase),
    ),
    Rule(re.compile(r"[Øø⌀]\s?(?=\d)"), lambda m, c: Letters("diameter"), "w", frozenset("ø")),
    Rule(re.compile(r"[fF]/(?=\d)"), lambda m, c: Letters("f"), "w", frozenset("f")),
    Rule(
        re.compile(r"(?P<letter>[A-HJ])(?P<sign>#|\+\+|♯|♭)(?![\w+])"),
        _sharp,
        "C",
        frozenset("abcdefghj"),
    ),
    Rule(
        re.compile(r"(?P<letter>[A-F])(?P<sign>\+|-|\*)(?![\w+=*-]|\s?[=\d])"),
        _sharp,
        "C",
        frozenset("abcdf"),
        shape="a[-+*]",
    ),
    Rule(
        re.compile(r"[A-Z]\.(?=\s?[A-Z][\w.']|\s(?:de|du|van|von|la|le|da|di|del)\s)"),
        _initial,
        "C",
        _ANY,
        shape="a[.]",
        stop="never",
    ),
    Rule(
        re.compile(r"[A-Z]\.(?=\s?\(|,)"),
        lambda m, c: Letters(letters(m[0])) if c.before(m.start()) in (",", ".", "&") else None,
        "C",
        _ANY,
        shape="a[.]",
        stop="never",
    ),
    Rule(
        re.compile(r"[A-Z]\.(?=\d{1,2}(?!\w))"),
        lambda m, c: (
            Letters(f"{letters(m[0])} {'dot' if m[0] == 'M.' else 'point'}")
            if c.before(m.start()).lower() in words("english/sections") or m[0] == "M."
            else None
        ),
        "C",
        _ANY,
        shape="a[.]",
        stop="never",
    ),
    Rule(
        re.compile(r"[A-Z]\.(?=\d{3})"),
        lambda m, c: Letters(letters(m[0])),
        "C",
        _ANY,
        shape="a[.]",
        stop="never",
    ),
    Rule(
        re.compile(r"[A-Z]\.(?=\s(?P<species>[a-z]{3,20})(?!\w))"),
        _genus,
        "C",
        _ANY,
        shape="a[.] ",
        stop="never",
    ),
    Rule(
        re.compile(r"(?P<letter>[A-Z])(?P<ending>'s(?!\w))?(?![^\W\d_])"),
        _letter,
        "C",
        frozenset([*ascii_lowercase, *(f"{c}'s" for c in ascii_lowercase)]),
    ),
    Rule(re.compile(r"a(?![^\W\d_])"), _lower_letter, "w", frozenset("a")),
]
