"""Decades and ages: "the 1990s", "'60s", "in her 30s", "60's"; not "wait 30s"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal, plural, year
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues

_SECONDS_AFTER = cues("decade.seconds_after")
_SECONDS_BEFORE = cues("decade.seconds_before")


@dataclass(frozen=True)
class Decade:
    """Ten years, of a century where it has four digits."""

    number: int

    def words(self, british: bool) -> str:
        """As in "nineteen nineties"."""
        if self.number < 100:
            return plural(cardinal(self.number))
        return plural(year(self.number, british))


def _century(match: re.Match[str], clause: Clause) -> Decade | None:
    number = int(match["number"])
    return Decade(number) if number >= 1000 else None


def _short(match: re.Match[str], clause: Clause) -> Decade | None:
    number = int(match["number"])
    before = clause.before(match.start()).lower()
    if not match["quote"] and not match["inner"]:
        if clause.after(match.end()).lower() in _SECONDS_AFTER or before in _SECONDS_BEFORE:
            return None
        if clause.touches(match.start()).isalnum():
            return None
    if number == 10 and not match["quote"] and match["inner"]:
        return Decade(number)
    return Decade(number)


@dataclass(frozen=True)
class Many:
    """More than can be said: "100s of people"."""

    number: str

    def words(self, british: bool) -> str:
        """As in "hundreds"."""
        return {"10": "tens", "100": "hundreds"}.get(self.number, "thousands")


@dataclass(frozen=True)
class Several:
    """A digit more than once: "two 5s", "7s and 8s"."""

    number: int

    def words(self, british: bool) -> str:
        """As in "fives"."""
        return plural(cardinal(self.number, british))


def _several(match: re.Match[str], clause: Clause) -> Several | None:
    """After a count or a word such as "all", or in a list of them."""
    after = clause.text[match.end() : match.end() + 16]
    before = clause.text[max(0, match.start() - 16) : match.start()]
    is_listed = _LISTED_AFTER.match(after) or _LISTED_BEFORE.search(before)
    if any(clause.before(match.start(), n).lower() in _SECONDS_BEFORE for n in (1, 4)):
        return None  # wait 5s and 10s
    if clause.touches(match.start()) == "-":
        word = clause.before(match.start(), 2)  # under-18s, B-52s
        is_age = word.lower() in ("under", "over") or (len(word) == 1 and word.isupper())
        return Several(int(match["number"])) if is_age else None
    is_counted = clause.before(match.start()).lower() in _COUNTS
    return Several(int(match["number"])) if is_listed or is_counted else None


_COUNTS = cues("decade.counts")
_LISTED_AFTER = re.compile(r"(?:,|,? (?:and|or|to)) \d{1,2}s(?!\w)")
_LISTED_BEFORE = re.compile(r"(?<![\w.])\d{1,2}s(?:,|,? (?:and|or)) $")

_ERA = r"\s(?:B\.?C|C\.?E|A\.?D)(?![a-z])"

RULES = [
    # The years of a century that has three digits: "the 300s BCE", "in the 800s".
    Rule(
        re.compile(rf"(?:(?<=[Ii]n the )|(?=[1-9]00s{_ERA}))(?P<number>[1-9]00)s(?!\w|'\w)"),
        lambda m, c: Decade(int(m["number"])),
        "0",
        shape="000a(?![0a_])",
        letters="s",
    ),
    Rule(
        re.compile(r"(?P<number>[1-9]\d?)s(?!\w|'\w)"),
        _several,
        "0",
        shape="0{1,2}a(?![0a_])",
        letters="s",
    ),
    Rule(
        re.compile(r"(10{1,3})'?s(?=\s(?:of|and)\s)"),
        lambda m, c: Many(m[1]),
        "0",
        shape="0{2,4}['a]",
        letters="s",
    ),
    Rule(
        re.compile(r"(?P<number>[12]\d{2}0)'?s(?!\w|'\w)"),
        _century,
        "0",
        shape="0000['a]",
        letters="s",
    ),
    Rule(
        re.compile(r"(?P<quote>')?(?P<number>[1-9]0)(?P<inner>')?s(?!\w|'\w)"),
        _short,
        "0'",
        shape="00['a]|'0",
        letters="s",
    ),
]
