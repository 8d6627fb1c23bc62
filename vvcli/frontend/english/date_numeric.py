"""Dates in digits: "14/3/2026", "2026-03-14T09:05Z", "12/25", "20240102"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.cardinal import counts
from vvcli.frontend.english.date import Date, follows_article, full_year, is_day
from vvcli.frontend.english.time import Time
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, rows

_ON = cues("date.on")
_PREPOSITIONS = cues("date.prepositions")


class UniversalTime(Time):
    """A time of day in UTC: "09:05Z"."""

    def words(self, british: bool) -> str:
        """As in "nine oh five u t c"."""
        return f"{super().words(british)} u t c"


def _iso(match: re.Match[str], clause: Clause) -> Date | None:
    month, day = int(match["month"]), int(match["day"])
    if not (1 <= month <= 12 and is_day(day)):
        return None
    time = None
    if match["hour"]:
        if int(match["hour"]) > 24 or int(match["minute"]) > 59:
            return None
        kind = UniversalTime if match[0].endswith("Z") else Time
        time = kind(int(match["hour"]), int(match["minute"]), int(match["second"] or 0))
    has_article = follows_article(match, clause)
    return Date(month, (day,), int(match["year"]), time=time, has_article=has_article)


def _compact(match: re.Match[str], clause: Clause) -> Date | None:
    month, day = int(match["month"]), int(match["day"])
    if not (1 <= month <= 12 and is_day(day)):
        return None
    has_article = follows_article(match, clause)
    return Date(month, (day,), int(match["year"]), has_article=has_article)


def _numeric(match: re.Match[str], clause: Clause) -> Date | None:
    first, second = int(match["first"]), int(match["second"])
    is_day_first = match["sign"] == "." or clause.british
    month, day = (second, first) if is_day_first else (first, second)
    if month > 12:
        month, day = day, month
    if not (1 <= month <= 12 and is_day(day)):
        return None
    has_article = follows_article(match, clause)
    return Date(month, (day,), full_year(match["year"]), has_article=has_article)


def _short(match: re.Match[str], clause: Clause) -> Date | None:
    """12/25: unless it is rather a fraction, or counts something."""
    first, second = match.groups()
    month, day = (int(second), int(first)) if clause.british else (int(first), int(second))
    if month > 12 and day <= 12:
        month, day = day, month
    if not (1 <= month <= 12 and is_day(day)):
        return None
    has_zero = first[0] == "0" or second[0] == "0"
    cannot_be_share = day >= 13 and day not in (16, 20)
    is_date = has_zero or (cannot_be_share and clause.after(match.end()) not in _OF)
    if not (is_date or _is_cued(match, clause)):
        return None
    return Date(month, (day,), has_article=follows_article(match, clause))


def _is_cued(match: re.Match[str], clause: Clause) -> bool:
    """Whether what is before it says that it is a date: "on 5/6", "Sat 5/6"."""
    written = clause.before(match.start())
    if not written or written.isdigit():
        return False
    after = clause.after(match.end())
    before = (clause.before(match.start(), 2) if written == "." else written).lower()
    if before in _EXPIRES or (before == "of" and clause.before(match.start(), 2).lower() in _DAYS):
        return True  # exp. 10/12, the week of 10/7
    if before in _PREPOSITIONS and not counts(after):
        return True
    # Sat 5/6; Sunday, 3/4
    day = clause.before(match.start(), 2) if written in (".", ",") else written
    return day in _WEEKDAYS and _ends_date(after)


def _ends_date(after: str) -> bool:
    """Whether no noun follows that could have a share, as in "Friday 1/2 price"."""
    return not after.isalpha() or after.lower() in _AFTER_DATE


_DAYS = ("week", "weekend", "night", "evening", "morning", "afternoon")
_AFTER_DATE = cues("date.after")
_WEEKDAYS = {
    name.title() for full, short in rows("english/weekdays") for name in [full, *short.split()]
}


_OF = ("of", "cup", "inch", "inches", "in")


@dataclass(frozen=True)
class Numbers:
    """Numbers between slashes that are no date: "1/2/3"."""

    numbers: tuple[str, ...]

    def words(self, british: bool) -> str:
        """As in "one two three"."""
        from vvcli.frontend.english.number_words import number

        return " ".join(number(n, british) for n in self.numbers)


def _month_year(match: re.Match[str], clause: Clause) -> Date | None:
    """A month of a year: "1/2024", "07/2026"."""
    return Date(int(match["month"]), (), int(match["year"]))


_ISO_TIME = (
    r"(?:[T](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?"
    r"(?:Z|[+-]\d{2}:?\d{2})?)?"
)


_END = r"(?![\w/]|[.,:-]\d|-\w)"


def _expiry(match: re.Match[str], clause: Clause) -> Date | None:
    """The month in which a card or a food ends, after what says so: "Exp. 09/27"."""
    month, year = int(match["month"]), int(match["year"])
    near = [clause.before(match.start(), n).lower() for n in range(1, 6)]
    cue = next((word for word in near if word not in _BEFORE_EXPIRY), "")
    is_valid = cue in _EXPIRES and year not in (30, 31)  # the end of a month
    return Date(month, (), 2000 + year) if is_valid and year > 23 else None


_EXPIRES = cues("date.expires")
_BEFORE_EXPIRY = (".", ":", "date", "thru", "through", "until")


RULES = [
    Rule(
        re.compile(rf"(?P<month>0[1-9]|1[0-2])/(?P<year>[2-4]\d){_END}"),
        _expiry,
        "0",
        shape="00/00",
    ),
    Rule(
        re.compile(
            rf"(?P<year>\d{{4}})(?P<sign>[-/.])(?P<month>\d{{1,2}})(?P=sign)(?P<day>\d{{1,2}})"
            rf"{_ISO_TIME}(?![\w])"
        ),
        _iso,
        "0",
        shape="0000[-/.]0{1,2}[-/.]0",
    ),
    Rule(
        re.compile(
            r"(?P<first>\d{1,2})(?P<sign>[-/.])(?P<second>\d{1,2})(?P=sign)"
            r"(?P<year>\d{4}|(?<=/)\d{2}|'\d\d)(?![\w/]|[.,]\d|-\d)"
        ),
        _numeric,
        "0",
        shape="0{1,2}[-/.]0{1,2}[-/.](00|')",
    ),
    # 5.1.26: a date where something happens on it, and else a version.
    Rule(
        re.compile(
            r"(?P<first>\d{1,2})(?P<sign>\.)(?P<second>\d{1,2})\.(?P<year>\d{2})(?![\w/]|[.,]\d|-\d)"
        ),
        lambda m, c: _numeric(m, c) if c.before(m.start()).lower() in _ON else None,
        "0",
        shape=r"0{1,2}\.0{1,2}\.00",
    ),
    Rule(
        re.compile(r"(?P<month>0?[1-9]|1[0-2])/(?P<year>(?:19|20)\d\d)(?![\w/%]|[.,-]\d)"),
        _month_year,
        "0",
        shape="0{1,2}/0000",
    ),
    Rule(
        re.compile(r"(?=(\d{1,4}(?:/\d{1,4}){2,9}))\1(?![\w/])"),
        lambda m, c: Numbers(tuple(m[0].split("/"))),
        "0",
        shape="0{1,4}/0{1,4}/0",
    ),
    Rule(
        re.compile(r"(?P<year>(?:19|20)\d\d)(?P<month>[01]\d)(?P<day>[0-3]\d)(?![\w]|[.,-]\d)"),
        _compact,
        "0",
        shape="0{6}(?!a)",
    ),
    Rule(
        re.compile(rf"(?P<first>\d{{1,2}})/(?P<second>\d{{1,2}}){_END}"),
        _short,
        "0",
        shape="0{1,2}/0{1,2}(?![0a_/])",
    ),
]
