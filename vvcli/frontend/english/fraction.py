"""Fractions: "1/2", "2 3/8", "2/3rds", "22/7", "8/10"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.cardinal import counts
from vvcli.frontend.english.number_words import cardinal, number, ordinal
from vvcli.frontend.english.patterns import is_year_like
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues

_NAMED = frozenset([*range(3, 21), 24, 25, 30, 32, 40, 48, 50, 60, 64, 100, 128, 1000, 1_000_000])
_RATED = cues("fraction.rated")
_SLASH = cues("fraction.slash")
_ODDS = cues("fraction.odds")
_OF = cues("fraction.of")
_METERED = frozenset(["time", "rhythm", "signature", "beat"])
_PREPOSITIONS = cues("date.prepositions")
# What is measured in quarters: "three quarters of a cup".
MEASURES = cues("fraction.measures")


@dataclass(frozen=True)
class Fraction:
    """`whole` and `over`/`under`."""

    over: int
    under: int
    whole: int | None = None
    out_of: bool = False  # a share or a rating
    of_one: str = ""  # "a" or "an": of the measure that follows; "of": of several steps; "to": odds

    def words(self, british: bool) -> str:
        """As in "two and three eighths"."""
        if self.of_one == "half":
            return "half"
        if self.of_one in ("of", "to"):
            return f"{cardinal(self.over, british)} {self.of_one} {cardinal(self.under, british)}"
        if self.out_of or self.over == 0:
            return f"{cardinal(self.over, british)} out of {cardinal(self.under, british)}"
        name = _name(self.under, british)
        if (
            name is None
            or self.under == 0
            or (
                self.over >= self.under
                and self.whole is None
                and (self.under > 4 or self.over > 20)
            )
        ):
            said = f"{cardinal(self.over, british)} over {cardinal(self.under, british)}"
            return said if self.whole is None else f"{cardinal(self.whole, british)} and {said}"
        if self.over != 1:
            name = "halves" if name == "half" else f"{name}s"
        if self.whole is not None:
            article = "an" if name.startswith("e") else "a"
            count = article if self.over == 1 else cardinal(self.over, british)
            return f"{cardinal(self.whole, british)} and {count} {name}"
        said = f"{cardinal(self.over, british)} {name}"
        return f"{said} of {self.of_one}" if self.of_one else said


@dataclass(frozen=True)
class Meter:
    """The time of a piece of music: "6/8 time"."""

    beats: int
    unit: int

    def words(self, british: bool) -> str:
        """As in "six eight"."""
        return f"{cardinal(self.beats)} {cardinal(self.unit)}"


@lru_cache(1024)
def _name(under: int, british: bool) -> str | None:
    if under == 2:
        return "half"
    if under == 4:
        return "quarter"
    if under in _NAMED:
        return ordinal(under, british).removeprefix("one ")  # "three hundredths"
    return None


_HALF = Fraction(1, 2, of_one="half")
_SPOKEN = (2, 3, 4, 8)  # "1/2off", "½each"


def _fraction(match: re.Match[str], clause: Clause) -> Fraction | Meter | None:
    place, end = match.span()
    parts = match.group("over", "under", "whole")
    over, under = int(parts[0]), int(parts[1])
    whole = int(parts[2]) if parts[2] else None
    if clause.follows(end).isalpha() and not (over < under and under in _SPOKEN):
        return None  # a name such as 12/7b
    touches = clause.touches(place)
    if touches.isalpha() or (touches == "-" and clause.text[max(0, place - 2)].isupper()):
        return None  # FY23/24, Case C-311/18
    if over > 999 and is_year_like(parts[0]):
        is_season = len(parts[1]) == 2 and over % 100 < under
        if is_season or len(parts[1]) > 2:
            return None  # the 2023/24 season, (EU) 2016/679
    after = clause.after(end).lower()
    if after[:1] == "=" and (over >= under or " " in match[0]):
        return None  # 12/4=3
    if whole is not None and over >= under:
        return None
    before = clause.before(place).lower()
    if before in _SLASH:
        return None
    if whole is None and (before == "odds" or after in _ODDS):
        return Fraction(over, under, of_one="to")
    if before in _OF and whole is None and over <= under:
        return Fraction(over, under, of_one="of")
    if whole is not None:
        return Fraction(over, under, whole)
    if after in _METERED and under in (2, 4, 8, 16) and over < 16:
        return Meter(over, under)
    if under in (5, 10, 100) and over > 1 and (counts(after) or (under != 5 and before in _RATED)):
        return Fraction(over, under, out_of=True)
    if under in (10, 100) and over > under // 2 and before not in _PREPOSITIONS:
        is_last = not after or after in ".,;!?)" or over == under
        if is_last:
            return Fraction(over, under, out_of=True)
    if under == 4 and over > 1 and after in MEASURES:
        return Fraction(over, under, of_one="an" if after in ("inch", "hour", "ounce") else "a")
    if (over, under) == (1, 2) and after in ("a", "an"):
        return _HALF
    return _simple(over, under)


@lru_cache(1024)
def _simple(over: int, under: int) -> Fraction:
    return Fraction(over, under)


@dataclass(frozen=True)
class Rating:
    """A decimal of a whole: "9.8/10"."""

    points: str
    under: str

    def words(self, british: bool) -> str:
        """As in "nine point eight out of ten"."""
        return f"{number(self.points, british)} out of {number(self.under, british)}"


RULES = [
    Rule(
        re.compile(
            r"(?P<points>\d{1,3}\.\d{1,2})\s?/\s?(?P<under>[45]\.0+|10\.0|4(?!\d)|5|10|20|100)(?![\w/]|\.\d)"
        ),
        lambda m, c: Rating(m["points"], m["under"]),
        "0",
        shape=r"0{1,3}\.0{1,2} ?/",
        needs="/",
    ),
    Rule(
        re.compile(
            r"(?:(?P<whole>\d{1,4})(?:\s|-|\s?\+\s?)(?=\d{1,3}/\d))?(?P<over>\d{1,4})\s?/\s?"
            r"(?P<under>\d{1,7})(?:\s?(?:rds?|ths?|nds?|st)(?!\w))?(?![\d_/]|\.\d)"
        ),
        _fraction,
        "0",
        shape="0{1,4}( ?/ ?0|([ -]| ?[+] ?)0{1,3}(/|$))",
        needs="/",
    ),
]
