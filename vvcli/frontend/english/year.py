"""Years: "in 1066", "476 AD", "'99", "in 2100"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.cardinal import counts
from vvcli.frontend.english.number_words import cardinal, letters, year
from vvcli.frontend.english.patterns import is_year_like
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues

_CUES = cues("year.cues")
_ERA = r"\s?(?P<era>A\.?D\.?|B\.?C\.?(?:E\.?)?|C\.?E\.?|AH)(?![\w])"


@dataclass(frozen=True)
class Year:
    """A year; two digits with an apostrophe are those of a century."""

    number: int
    era: str = ""
    short: bool = False

    def words(self, british: bool) -> str:
        """As in "four seventy six ay d"."""
        if self.short:
            oh = "oh " if self.number < 10 else ""
            return oh + (cardinal(self.number) if self.number else "hundred")
        said = year(self.number, british)
        return f"{said} {letters(self.era)}" if self.era else said


def _era(match: re.Match[str], clause: Clause) -> Year:
    return Year(int(match["number"].replace(",", "")), match["era"].replace(".", ""))


def _anno(match: re.Match[str], clause: Clause) -> Anno:
    return Anno(int(match["number"]))


@dataclass(frozen=True)
class Anno:
    """A year after its era: "AD 79"."""

    number: int

    def words(self, british: bool) -> str:
        """As in "ay d seventy nine"."""
        return f"ay d {year(self.number, british)}"


def _cued(match: re.Match[str], clause: Clause) -> Year | None:
    number = match[0]
    before = clause.before(match.start()).lower()
    if len(number) == 3 and before not in ("year", "circa", "anno"):
        return None
    if before not in _CUES and clause.before(match.start(), 2).lower() != "year":
        return None
    after = clause.after(match.end())
    if after.islower() and counts(after) and not (before == "in" and is_year_like(number)):
        return None  # "of 1990 people"
    if int(number) >= 2100 and before not in ("in", "year", "since", "by", "until", "circa"):
        return None
    return Year(int(number))


def _short(match: re.Match[str], clause: Clause) -> Year | None:
    place = match.start()
    before = clause.touches(place)
    if re.search(r"(?<!\w)[QH]\d$", clause.text[max(0, place - 3) : place]):
        before = ""  # Q4'23
    if before and (before.isalnum() or before in "'"):
        return None
    return Year(int(match["number"]), short=True)


RULES = [
    Rule(
        re.compile(rf"(?P<number>\d{{1,3}},\d{{3}}|\d{{1,4}}){_ERA}"),
        _era,
        "0",
        stop="starter",
        shape="0{1,4}( ?a(?![0_])|,000)",
        letters="abc",
    ),
    Rule(
        re.compile(r"A\.?D\.?\s?(?P<number>\d{1,4})(?![\d,.]\d|\d)"),
        _anno,
        "w",
        frozenset(["a", "ad"]),
        shape="aa|a[.]",
    ),
    Rule(
        re.compile(r"[1-9]\d{2,3}(?![\d/:]|[.,]\d|\s?%|[-–]\d)"),
        _cued,
        "0",
        shape="0{3,4}(?![0a:/])",
    ),
    Rule(re.compile(r"'(?P<number>\d{2})(?![\d\w'\"]|[.,:/]\d)"), _short, "'", shape="'00"),
]
