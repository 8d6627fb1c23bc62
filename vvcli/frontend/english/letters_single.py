"""Single letters that are names: "Vitamin A", "an A", "(a)", "J. Smith", "C#", "B+"."""

from __future__ import annotations

import re
from string import ascii_lowercase

from vvcli.frontend.classify import Rule
from vvcli.frontend.clause import Clause
from vvcli.frontend.english.letters import Letters
from vvcli.frontend.english.number_words import letters
from vvcli.frontend.tables import words

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
    """The first name of a species, as in "C. elegans", which has a Latin ending."""
    name = clause.after(match.end())
    return Letters(letters(match[0])) if name.endswith(_LATIN) and name not in _ENGLISH else None


_LATIN = (
    *("us", "i", "is", "um", "ae", "ii", "ans", "ens", "aster", "cola", "oides", "ica", "osa"),
    *("difficile", "rex"),
)
_ENGLISH = ("this", "thus", "plus", "versus", "basis", "gives", "album", "maximum", "minimum")


def _letter(match: re.Match[str], clause: Clause) -> Letters | None:
    """A lone capital, as a name: "Vitamin A", "an A", "A1"; not the article, and not "I"."""
    written, place, end = match["letter"], match.start(), match.end()
    ending = "'s" if match["ending"] else ""
    if written not in "AI":
        return Letters(letters(written), ending)
    before, after = clause.before(place).lower(), clause.after(end)
    if written == "I":
        return None
    follows, touches = clause.follows(end), clause.touches(place)
    if ending or follows in ("-", "+", "&", "/", "#", "=", "_") or follows.isdigit():
        return Letters("ay", ending)
    if touches and (touches.isdigit() or touches in "-&/+=_"):
        return Letters("ay")
    if before in words("english/letter_cues") or before in ("an", "grade", "=", "&", "+"):
        return Letters("ay")
    if before[-1:].isdigit() and (before in words("english/sections") or _numbered(place, clause)):
        return Letters("ay")
    after_token = clause.token_after(end)
    if (
        after_token is None
        or after_token.kind in ("stop", "symbol")
        or after in (",", ":", ")", ";")
    ):
        return Letters("ay")
    if len(after) == 1 and after.isupper() and after != "I":
        return Letters("ay")
    if len(before) == 1 and before.isalpha() and before != "i" and clause.before(place).isupper():
        return Letters("ay")
    is_start = clause.begins_sentence(place)
    if is_start or clause.is_shouting or clause.previous in ("", "Pause", "Stop"):
        return Letters("ay") if after in ("is", "and") and _is_named(clause, end) else None
    if after[:1].isupper() and before not in ("a", "the", "of"):
        return None  # "Once Upon A Time"
    if touches == '"' or before in ("a", "the", "with", "and", "or", "of", "by", "for", "is"):
        return Letters("ay")
    return Letters("ay") if after in ("or", "and", "to", "is", "in", "for") else None


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
    after = clause.after(end)
    if (
        (touches, follows) == ("(", ")")
        or follows in ("+", "=", "^", "*", "_")
        or touches in tuple("+=*^_")
    ):
        return Letters("ay")
    if follows == "-" and clause.text[end + 1 : end + 2].isdigit():
        return Letters("ay")
    if after in ("b", "k") and clause.after(end, 2) in ("c", "a") and not clause.after(end, 3):
        return Letters("ay")  # a b c, a k a
    if _OPERAND.match(clause.text, end) or (
        follows.isdigit() and clause.touches(place) in ("", " ")
    ):
        return Letters("ay")
    return None


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
        re.compile(r"[A-Z]\.(?=\s[a-z]{3,20}(?!\w))"),
        _genus,
        "C",
        _ANY,
        shape="a[.] ",
        stop="never",
    ),
    Rule(
        re.compile(r"E\.(?=\scoli)"),
        lambda m, c: Letters("e"),
        "C",
        frozenset("e"),
        stop="never",
        shape="a[.]",
    ),
    Rule(
        re.compile(r"(?P<letter>[A-Z])(?P<ending>'s(?!\w))?(?![^\W\d_])"),
        _letter,
        "C",
        frozenset([*ascii_lowercase, *(f"{c}'s" for c in ascii_lowercase)]),
    ),
    Rule(re.compile(r"a(?![^\W\d_])"), _lower_letter, "w", frozenset("a")),
]
