"""Numbers that are read in a way of their own: "24/7", "50/50", "4x4", "Boeing 747"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.cardinal import counts
from vvcli.frontend.english.number_words import grouped, letters
from vvcli.frontend.english.patterns import alternatives
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import rows


@dataclass(frozen=True)
class Idiom:
    """The words that it is read as."""

    said: str

    def words(self, british: bool) -> str:
        """Those words."""
        return self.said


_IDIOMS = {row[0]: row[1] for row in rows("english/idioms")}


_DAYS = [day for name, short in rows("english/weekdays") for day in (name, *short.split())]
_OPEN = frozenset(["open", "hours", *_DAYS])


def _gives_hours(clause: Clause, place: int) -> bool:
    """Whether a day or "open" is before, so that from ten to four is meant."""
    before = clause.before(place)
    if before in (":", "."):
        before = clause.before(place, 2)
    return before.lower() in _OPEN


def _idiom(match: re.Match[str], clause: Clause) -> Idiom | None:
    before = clause.touches(match.start())
    written = match[0]
    is_compound = before == "-" and clause.before(match.start(), 2).isalpha()  # post-9/11
    if is_compound and written not in ("9/11", "24/7"):
        return None
    if before.isalnum() or (before and before in "-/.,+$€£" and not is_compound):
        return None
    if written in ("7/7", "9/11") and clause.before(match.start()).lower() in ("by", "until"):
        return None
    if written == "10-4" and _gives_hours(clause, match.start()):
        return None
    if written == "3M" and counts(clause.after(match.end()).lower()):
        return None
    return Idiom(_IDIOMS[written])


_ARTICLES = ("the", "a", "an", "this", "that", "our", "their", "old", "new")
_LATER = re.compile(r"-(?P<number>[89]|10|\d00)[A-Z]{0,2}")


def _digits_or_letters(part: str) -> str:
    return grouped(part) if part.isdigit() else letters(part)


def _aircraft(match: re.Match[str], clause: Clause) -> Idiom | None:
    """A Boeing, unless something is counted: "747 people"."""
    after = clause.after(match.end())
    before = clause.touches(match.start())
    if before in ("-", ".", "/", "$", "€", "£", "+") or counts(after.lower()):
        return None
    # No range ends at a number below its first: 747-400, 787-9.
    later = _LATER.fullmatch(match["variant"] or "")
    is_later = later is not None and int(later["number"]) < int(match[0][:3])
    is_boeing = clause.before(match.start()).lower() == "boeing"
    # Nor does one that "the" or "a" is before: the 737-800, a 777-300ER.
    is_later = is_later or (later is not None and clause.before(match.start()).lower() in _ARTICLES)
    if match["variant"] and not (is_boeing or is_later):
        return None
    is_named = clause.before(match.start()).lower() in (
        "",
        "a",
        "the",
        "boeing",
        "an",
        "old",
        "new",
    )
    said = " ".join(map(_digits_or_letters, re.findall("[0-9]+|[A-Z]+", match[0])))
    return Idiom(said) if is_named or is_later else None


def _shapes(keys: list[str]) -> dict[str, str]:
    """A pattern for the shapes of the idioms that begin with a word or number, by that one.

    Hardly any place fits one, while there are ones and sevens everywhere.
    """
    shapes: dict[str, set[str]] = {}
    for key in keys:
        first = re.match("[0-9]+|[A-Za-z]+", key)[0]  # type: ignore[index]
        seen = 2 if first.isalpha() and len(first) > 1 else 7
        beyond = re.sub("[A-Za-z]", "a", re.sub("[0-9]", "0", key[len(first) :][:seen]))
        kind = "0" * len(first) if first.isdigit() else "a" if len(first) == 1 else "aa"
        shapes.setdefault(first.lower(), set()).add(re.escape(kind + beyond))
    return {first: "|".join(sorted(each)) for first, each in shapes.items()}


_NUMBERS = [key for key in _IDIOMS if key[0].isdigit()]
_WORDS = [key for key in _IDIOMS if not key[0].isdigit()]
_NUMBER = re.compile(rf"(?:{alternatives(_NUMBERS)})(?![\w%]|[/.,:-]\d)")
_WORD = re.compile(rf"(?:{alternatives(_WORDS)})(?!\w)")

_WIRELESS = re.compile(r"802\.11(?P<variant>[a-z]{0,2})(?!\w)")

RULES = [
    Rule(
        _WIRELESS,
        lambda m, c: Idiom(f"eight oh two dot eleven {letters(m['variant'])}".strip()),
        "0",
        shape=r"000\.0",
    ),
    *(
        Rule(_NUMBER, _idiom, "0", frozenset([first]), shape=shape)
        for first, shape in _shapes(_NUMBERS).items()
    ),
    *(
        Rule(_WORD, lambda m, c: Idiom(_IDIOMS[m[0]]), "w", frozenset([first]), shape=shape)
        for first, shape in _shapes(_WORDS).items()
    ),
    Rule(
        re.compile(r"7[0-8]7(?P<variant>-\d{1,4}[A-Z]{0,2})?(?![\w%]|[/.,:-]\d|-)"),
        _aircraft,
        "0",
        shape="000(?!0)",
    ),
]
