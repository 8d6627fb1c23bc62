"""Dates: "March 14, 2026", "14/3/2026", "2026-03-14T09:05Z", "March 3-5", "12/25", "Sat."."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.classify import Rule
from vvcli.frontend.clause import Clause
from vvcli.frontend.english.cardinal import counts
from vvcli.frontend.english.number_words import ordinal, year
from vvcli.frontend.english.patterns import DASH, SUFFIX, alternatives
from vvcli.frontend.english.time import Time
from vvcli.frontend.tables import cues, rows

NAMES = {name: int(number) for number, name, *_ in rows("english/months")}
MONTHS = {
    written: int(number)
    for number, name, *short in rows("english/months")
    for written in [name, *(s for cell in short for s in cell.split())]
}
_MONTH_NAMES = ["", *NAMES]
_PREPOSITIONS = cues("date.prepositions")


@dataclass(frozen=True)
class Date:
    """A day, several days of a month, or a month; `day_first` as it is written."""

    month: int
    days: tuple[int, ...] = ()
    year: int | None = None
    day_first: bool = False
    time: Time | None = None
    link: str = "to"  # between days

    def words(self, british: bool) -> str:
        """As in "march fourteenth, twenty twenty six"."""
        month = _MONTH_NAMES[self.month]
        days = f" {self.link} ".join(ordinal(day, british) for day in self.days)
        if not days:
            return f"{month} {year(self.year, british)}" if self.year is not None else month
        if self.day_first or british:
            days = f" {self.link} ".join(f"the {ordinal(day, british)}" for day in self.days)
            said = f"{days} of {month}"
            said += f" {year(self.year, british)}" if self.year is not None else ""
        else:
            said = f"{month} {days}"
            said += f", {year(self.year, british)}" if self.year is not None else ""
        return f"{said}, {self.time.words(british)}" if self.time else said


def _is_day(day: int) -> bool:
    return 1 <= day <= 31


def _named(match: re.Match[str]) -> int | None:
    """The month; a word such as "may" or "march" is one only with a capital."""
    written = match["month"]
    lower = written.lower()
    if written == lower and lower in ("may", "march", "mar", "sun", "dec", "jan"):
        return None
    return MONTHS[lower]


def _full_year(written: str | None) -> int | None:
    if not written:
        return None
    number = int(written.lstrip("'"))
    return number if len(written) == 4 else number + (2000 if number < 50 else 1900)


def _month_day(match: re.Match[str], clause: Clause) -> Date | None:
    month = _named(match)
    days = [int(day) for day in (match["day"], match["last"]) if day]
    if month is None or not all(map(_is_day, days)):
        return None
    after = clause.after(match.end())
    if match["month"] == "May" and after.islower() and counts(after) and not match["year"]:
        return None  # "May 5 people come?"
    link = (
        "and"
        if (match["last"] and "&" in match["link"]) or "and" in (match["link"] or "")
        else "to"
    )
    return Date(month, tuple(days), _full_year(match["year"]), link=link)


def _month_year(match: re.Match[str], clause: Clause) -> Date | None:
    month = _named(match)
    return None if month is None else Date(month, year=_full_year(match["year"]))


def _day_month(match: re.Match[str], clause: Clause) -> Date | None:
    month = _named(match)
    days = [int(day) for day in (match["day"], match["last"]) if day]
    if month is None or not all(map(_is_day, days)):
        return None
    return Date(month, tuple(days), _full_year(match["year"]), day_first=True)


def _iso(match: re.Match[str], clause: Clause) -> Date | None:
    month, day = int(match["month"]), int(match["day"])
    if not (1 <= month <= 12 and _is_day(day)):
        return None
    time = None
    if match["hour"]:
        if int(match["hour"]) > 24 or int(match["minute"]) > 59:
            return None
        time = Time(int(match["hour"]), int(match["minute"]), int(match["second"] or 0))
    return Date(month, (day,), int(match["year"]), time=time)


def _compact(match: re.Match[str], clause: Clause) -> Date | None:
    month, day = int(match["month"]), int(match["day"])
    if not (1 <= month <= 12 and _is_day(day)):
        return None
    return Date(month, (day,), int(match["year"]))


def _numeric(match: re.Match[str], clause: Clause) -> Date | None:
    first, second = int(match["first"]), int(match["second"])
    is_day_first = match["sign"] == "." or clause.british
    month, day = (second, first) if is_day_first else (first, second)
    if month > 12:
        month, day = day, month
    if not (1 <= month <= 12 and _is_day(day)):
        return None
    return Date(month, (day,), _full_year(match["year"]))


def _short(match: re.Match[str], clause: Clause) -> Date | None:
    """12/25: unless it is rather a fraction, or counts something."""
    first, second = match["first"], match["second"]
    month, day = (int(second), int(first)) if clause.british else (int(first), int(second))
    if month > 12 and day <= 12:
        month, day = day, month
    if not (1 <= month <= 12 and _is_day(day)):
        return None
    before = clause.before(match.start()).lower()
    is_cued = before in _PREPOSITIONS and not counts(clause.after(match.end()))
    has_zero = first[0] == "0" or second[0] == "0"
    cannot_be_share = max(month, day) >= 13 and day not in (16, 20)
    if not (is_cued or has_zero or (cannot_be_share and clause.after(match.end()) not in _OF)):
        return None
    return Date(month, (day,))


_OF = ("of", "cup", "inch", "inches", "in")


@dataclass(frozen=True)
class Numbers:
    """Numbers between slashes that are no date: "1/2/3"."""

    numbers: tuple[str, ...]

    def words(self, british: bool) -> str:
        """As in "one two three"."""
        from vvcli.frontend.english.number_words import number

        return " ".join(number(n, british) for n in self.numbers)


_MONTH = rf"(?P<month>(?i:{alternatives(set(MONTHS))}))(?:\.|(?!\w))"
_YEAR4 = r"(?P<year>[12]\d{3})(?![\w%]|[.,:/-]\d)"
_YEAR = rf"(?:(?:,\s?|\s)(?:{_YEAR4.replace('?P<year>', '?P<year>', 1)}))?"
_DAY = r"(?P<day>\d{1,2})"
_FIRST = frozenset(MONTHS)
_ISO_TIME = (
    r"(?:[T](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?"
    r"(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_END = r"(?![\w/]|[.,:-]\d|-\w)"

RULES = [
    Rule(
        re.compile(
            rf"(?P<year>\d{{4}})(?P<sign>[-/.])(?P<month>\d{{1,2}})(?P=sign)(?P<day>\d{{1,2}})"
            rf"{_ISO_TIME}(?![\w])"
        ),
        _iso,
        "0",
        shape=r"0000[-/.]0",
    ),
    Rule(
        re.compile(
            r"(?P<first>\d{1,2})(?P<sign>[-/.])(?P<second>\d{1,2})(?P=sign)"
            r"(?P<year>\d{4}|(?<=/)\d{2}|'\d\d)(?![\w/]|[.,]\d|-\d)"
        ),
        _numeric,
        "0",
        shape=r"0{1,2}[-/.]0",
    ),
    Rule(
        re.compile(r"\d{1,4}(?:/\d{1,4}){2,9}(?![\w/])"),
        lambda m, c: Numbers(tuple(m[0].split("/"))),
        "0",
        shape="0{1,4}/0",
    ),
    Rule(
        re.compile(r"(?P<year>(?:19|20)\d\d)(?P<month>[01]\d)(?P<day>[0-3]\d)(?![\w]|[.,-]\d)"),
        _compact,
        "0",
        shape="0{6}(?!a)",
    ),
    Rule(
        re.compile(
            rf"{_MONTH}\s?(?:the\s)?{_DAY}{SUFFIX}?(?:(?P<link>{DASH}|\s?(?:&|and)\s?)"
            rf"(?P<last>\d{{1,2}}){SUFFIX}?)?(?![\w%]|[:/.]\d|,\d|-\d){_YEAR}"
        ),
        _month_day,
        "w",
        _FIRST,
    ),
    Rule(
        re.compile(
            rf"{_MONTH}\s?(?:the\s)?{_DAY}{SUFFIX}?(?P<link>)(?P<last>)"
            rf"(?![\w%]|[:/.]\d|,\d|-\d){_YEAR}"
        ),
        _month_day,
        "w",
        _FIRST,
    ),
    Rule(
        re.compile(rf"{_MONTH},?\s(?P<year>\d{{4}})(?![\w%]|[.,:/-]\d)"), _month_year, "w", _FIRST
    ),
    Rule(re.compile(rf"{_MONTH}\s?(?P<year>'\d\d)(?![\w%]|[.,:/-]\d)"), _month_year, "w", _FIRST),
    Rule(
        re.compile(
            rf"(?:[Tt]he\s)?{_DAY}{SUFFIX}?(?:{DASH}(?P<last>\d{{1,2}}){SUFFIX}?)?"
            rf"(?:\sof\s|\s|-)(?:the\s)?{_MONTH}(?![\w%])"
            rf"(?:(?:,\s?|\s|-)(?P<year>[12]\d{{3}}|'\d\d)(?![\w%]|[.,:/-]\d))?"
        ),
        _day_month,
        "0",
        shape="0{1,2}[- a–—]",
        has_letters=True,
    ),
    Rule(
        re.compile(
            rf"[Tt]he\s{_DAY}{SUFFIX}?(?:{DASH}(?P<last>\d{{1,2}}){SUFFIX}?)?"
            rf"(?:\sof\s|\s){_MONTH}(?![\w%])"
            rf"(?:(?:,\s?|\s)(?P<year>[12]\d{{3}})(?![\w%]|[.,:/-]\d))?"
        ),
        _day_month,
        "w",
        frozenset(["the"]),
    ),
    Rule(
        re.compile(rf"(?P<first>\d{{1,2}})/(?P<second>\d{{1,2}}){_END}"),
        _short,
        "0",
        shape="0{1,2}/0",
    ),
]
