"""Two numbers with a dash: "10-15", "1998-2003", "2024-25", and sizes "1920x1080"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.date import MONTHS
from vvcli.frontend.english.number_words import cardinal, number, year
from vvcli.frontend.english.patterns import NUMBER, is_year_like, plain
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues


@dataclass(frozen=True)
class Range:
    """From `first` to `last`."""

    first: str
    last: str
    link: str = "to"

    def words(self, british: bool) -> str:
        """As in "nineteen ninety eight to two thousand three"."""
        return f"{_end(self.first, british)} {self.link} {_end(self.last, british)}"


def _end(written: str, british: bool) -> str:
    if is_year_like(written):
        return year(int(written), british)
    return number(plain(written), british)


@dataclass(frozen=True)
class Years:
    """A year and the last two digits of another: "2024-25", "2004-05"."""

    first: int
    last: int

    def words(self, british: bool) -> str:
        """As in "twenty twenty four to twenty five"."""
        oh = "oh " if self.last < 10 else ""
        return f"{year(self.first, british)} to {oh}{cardinal(self.last)}"


def _years(match: re.Match[str], clause: Clause) -> Years | None:
    first, last = int(match["first"]), int(match["last"])
    return Years(first, last) if first % 100 < last and 1100 <= first <= 2099 else None


def is_equation(match: re.Match[str], clause: Clause) -> bool:
    """Whether an equals sign is beside, so that the dash is a minus."""
    return clause.after(match.end())[:1] == "=" or clause.before(match.start())[:1] == "="


def _range(match: re.Match[str], clause: Clause) -> Range | None:
    if is_equation(match, clause) or not _stands_alone(match, clause):
        return None
    if clause.cue(match.start()) == "no" and "-" in match[0] and len(match["last"]) > 2:
        return None  # No. 22-451, of a court or a law
    first, last = match["first"], match["last"]
    if any(len(n) > 1 and n[0] == "0" and "." not in n for n in (first, last)):
        return None
    return Range(first, last)


def _stands_alone(match: re.Match[str], clause: Clause) -> bool:
    before = clause.touches(match.start())
    return not (before.isalnum() or (before and before in "-–/.+*^")) or before == ""


@dataclass(frozen=True)
class Start:
    """The number and the dash before a mixed number, which its class reads: "1-1 1/2"."""

    first: str

    def words(self, british: bool) -> str:
        """As in "one to"."""
        return f"{number(plain(self.first), british)} to"


def _start(match: re.Match[str], clause: Clause) -> Start | None:
    return Start(match["first"]) if _stands_alone(match, clause) else None


def _size(match: re.Match[str], clause: Clause) -> Range | None:
    sign = match["sign"].strip()
    after = clause.after(match.end())
    is_power = match["last"] == "10" and clause.follows(match.end()) == "^"
    if is_power or (sign == "×" and (after[:1] == "=" or match["sign"] != sign)):
        return Range(match["first"], match["last"], "times")
    if sign in "xX" and after[:1] == "=":
        return Range(match["first"], match["last"], "times")
    return Range(match["first"], match["last"], "by")


@dataclass(frozen=True)
class By:
    """The sign between the sides of something: "5 cm x 3 cm"."""

    def words(self, british: bool) -> str:
        """The word "by"."""
        return "by"


def _by(match: re.Match[str], clause: Clause) -> By | None:
    return By() if clause.previous in ("Measure", "Cardinal", "Decimal", "Fraction") else None


@dataclass(frozen=True)
class To:
    """The dash between two other things: two temperatures, fractions or letters."""

    def words(self, british: bool) -> str:
        """The word "to"."""
        return "to"


_STILL = cues("time.since")
_NUMBERED = ("Measure", "Fraction", "Money", "Date", "Time", "Ordinal")


def _dash(match: re.Match[str], clause: Clause) -> To | None:
    if clause.previous not in _NUMBERED and match[0] == "-":
        following = clause.after(match.end())
        if following[:1].isdigit() or following.lower() not in _STILL:
            return None  # as most are
    before, after = clause.token_before(match.start()), clause.token_after(match.end())
    if before is None or after is None or clause.touches(match.start()).isspace():
        return None
    is_number = after.kind == "number" or after.text in ("$", "€", "£")
    if clause.previous in _NUMBERED and is_number:
        is_same = clause.text[match.end() :].startswith(
            clause.text[max(0, before.start - 2) : match.start()]
        )
        return None if is_same else To()
    if after.text.lower() in _STILL and before.kind == "number" and len(before.text) == 4:
        return To()
    if clause.previous == "Time" and after.text.lower() in ("noon", "midnight", "late"):
        return To()
    if clause.previous == "Date" and after.text.lower() in MONTHS:
        return To()
    if match[0] == "-" or not before.text.isupper() or not after.text.isupper():
        return None
    is_letters = len(before.text) == len(after.text) == 1 and after.text > before.text
    are_airports = len(before.text) == len(after.text) == 3  # JFK-LHR with an en dash
    return To() if is_letters or are_airports else None


_END = r"(?!(?![xX](?!\w))\w|[-–/]\w|[.,:]\d|\s?[=]|-)"

RULES = [
    Rule(
        re.compile(r"(?P<first>\d{1,9})\.{2,3}(?P<last>\d{1,9})(?![\w.])"),
        lambda m, c: Range(m["first"], m["last"]),
        "0",
        shape=r"0+\.\.",
    ),
    Rule(re.compile(r"[-–](?=[\w$€£])"), _dash, "-–", shape="[-–][0a$€£]"),
    Rule(re.compile(r"[xX](?=\s?\d)"), _by, "w", frozenset("x")),
    Rule(re.compile(r"×(?=\s?\d)"), _by, "×"),
    Rule(
        re.compile(r"(?P<first>[12]\d{3})[-–/](?P<last>\d{2})(?![\w]|[-–/]\w|[.,:]\d)"),
        _years,
        "0",
        shape="0000[-–/]00(?![0a_])",
    ),
    Rule(
        re.compile(
            r"(?P<first>\d{1,3}(?:\.\d{1,2})?)\s?[-–—]\s?(?=\d{1,3} \d{1,2}/\d{1,2}(?![\w/]|\.\d))"
        ),
        _start,
        "0",
        shape=r"0{1,3}(\.0{1,2})? ?[-–—] ?0",
        needs="/",
    ),
    Rule(
        re.compile(rf"(?P<first>{NUMBER})(?:\s?[–—]\s?|-|--|\s-\s)(?P<last>{NUMBER}){_END}"),
        _range,
        "0.",
        shape="0+(,00|'0|[.]0+( ?[-–—]|$)| ?[-–—]-? ?([.]|0+(?!0|[-–/][0a])))|[.]0+( ?[-–—]|$)",
    ),
    Rule(
        re.compile(
            r"(?P<first>\d{1,3}(?:,\d{3})+|\d{1,9}(?:\.\d{1,9})?)(?P<sign>\s?[xX×]\s?)"
            r"(?P<last>\d{1,3}(?:,\d{3})+|\d{1,9}(?:\.\d{1,9})?)(?!\w)"
        ),
        _size,
        "0",
        shape="(?!0+a0+a)0+( ?[a×]|,000|[.]0+( ?[a×]|$))",
        letters="x",
    ),
]
