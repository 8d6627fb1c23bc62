"""Chords: "Am7", "C#m", "Bbmaj7", "D/F#", and "Em" among others."""

from __future__ import annotations

import re

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.letters import Letters
from vvcli.frontend.english.number_words import cardinal, letters
from vvcli.frontend.rule import Rule

_KINDS = {
    **{"m": "minor", "min": "minor", "M": "major", "maj": "major", "dim": "diminished"},
    **{"aug": "augmented", "sus": "sus", "add": "add", "": ""},
}
_SIGNS = {"#": "sharp", "♯": "sharp", "b": "flat", "♭": "flat", "": ""}
_NEAR = 24  # characters to either side in which another chord makes this one

_NOTE = "[A-G][#b♯♭]?"
# No word looks like one of these: a sharp or flat minor, a seventh of a kind, a bass with a sign.
_SURE = (
    r"(?:[A-G][#♯♭](?:m|min|M)?(?:[5679]|1[13])|[A-G][#♯♭]m(?:in)?"
    r"|[A-G]b?(?:m|min)(?:[679]|1[13])|[A-G]b(?:[79]|1[13])|[A-G][#b♯♭]?(?:maj|sus|add|dim|aug)(?:[245679]|1[13])?"
    rf"|{_NOTE}m?/[A-G][#b♯♭])"
)
_SURELY = re.compile(rf"(?<![\w#]){_SURE}(?![\w#♯♭])|(?<!\w)[Cc]hords?(?!\w)")


def _note(letter: str, sign: str) -> str:
    return f"{letters(letter)} {_SIGNS[sign]}".rstrip()


def _chord(match: re.Match[str], clause: Clause) -> Letters | None:
    """A chord that looks like nothing else, or stands among chords: "Em", "G7", "Bb"."""
    start, end = match.span()
    if clause.touches(start) in ("#", "@", "_", "-") or not (
        _SURELY.fullmatch(match[0]) or _is_among_chords(clause, start, end)
    ):
        return None
    said = [_note(match["note"], match["sign"]), _KINDS[match["kind"]]]
    if match["number"]:
        said.append(cardinal(int(match["number"])))
    if match["bass"]:
        said.append(f"over {_note(match['bass'], match['bass_sign'])}")
    return Letters(" ".join(filter(None, said)))


def _is_among_chords(clause: Clause, start: int, end: int) -> bool:
    around = (clause.text[max(0, start - _NEAR) : start], clause.text[end : end + _NEAR])
    return any(_SURELY.search(text) for text in around) or bool(
        _LISTED_AFTER.match(clause.text, end) or _LISTED_BEFORE.search(around[0])
    )


# Other notes, as in "Em, C, G" or "C - Am - F"; a single one might be a name or a grade.
_LISTED_AFTER = re.compile(r"(?:(?:,|\s[-–|]|)\s[A-G]m?(?!\w)){2}")
_LISTED_BEFORE = re.compile(r"(?<!\w)[A-G]m?(?:,|\s[-–|]|,?\sand|)\s$")


def _key(match: re.Match[str], clause: Clause) -> Letters:
    """A note with a flat before its mode: "Bb major"."""
    return Letters(_note(match["note"], "b"))


RULES = [
    Rule(
        re.compile(r"(?P<note>[A-G])b(?=\s(?:major|minor|maj|min)(?!\w))"),
        _key,
        "C",
        frozenset(f"{note}b" for note in "abcdefg"),
    ),
    Rule(
        re.compile(
            r"(?P<note>[A-G])(?P<sign>[#b♯♭]?)(?P<kind>maj|min|m|M|dim|aug|sus|add|)"
            r"(?P<number>[245679]|1[13]|)(?:/(?P<bass>[A-G])(?P<bass_sign>[#b♯♭]?))?(?![\w#♯♭/])"
        ),
        _chord,
        "C",
        shape="a([#♯♭][^#]|[/0])|aa",
        letters="abcdefg",
    ),
]
