"""Dates: "March 14, 2026", "14/3/2026", "2026-03-14T09:05Z", "March 3-5", "12/25", "Sat."."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.cardinal import counts
from vvcli.frontend.english.number_words import ordinal, year
from vvcli.frontend.english.patterns import DASH, SUFFIX, alternatives
from vvcli.frontend.english.time import Time
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, rows

NAMES = {name: int(number) for number, name, *_ in rows("english/months")}
MONTHS = {
    written: int(number)
    for number, name, *short in rows("english/months")
    for written in [name, *(s for cell in short for s in cell.split())]
}
_MONTH_NAMES = ["", *NAMES]


@dataclass(frozen=True)
class Date:
    """A day, several days of a month, or a month; `day_first` as it is written."""

    month: int
    days: tuple[int, ...] = ()
    year: int | None = None
    day_first: bool = False
    time: Time | None = None
    link: str = "to"  # between days
    has_article: bool = False  # the text has one already: "the 3/4/2026 match"

    def words(self, british: bool) -> str:
        """As in "march fourteenth, twenty twenty six"."""
        month = _MONTH_NAMES[self.month]
        days = f" {self.link} ".join(ordinal(day, british) for day in self.days)
        if not days:
            return f"{month} {year(self.year, british)}" if self.year is not None else month
        if self.day_first or british:
            days = f" {self.link} ".join(f"the {ordinal(day, british)}" for day in self.days)
            days = days.removeprefix("the ") if self.has_article else days
            said = f"{days} of {month}"
            said += f" {year(self.year, british)}" if self.year is not None else ""
        else:
            said = f"{month} {days}"
            said += f", {year(self.year, british)}" if self.year is not None else ""
        return f"{said}, {self.time.words(british)}" if self.time else said


def follows_article(match: re.Match[str], clause: Clause) -> bool:
    """Whether the word before a date stands for the "the" of the day: "this 3 May"."""
    return clause.before(match.start()).lower() in _ARTICLES


_ARTICLES = cues("date.articles")


def is_day(day: int) -> bool:
    """Whether a month may have it."""
    return 1 <= day <= 31


def _named(match: re.Match[str]) -> int | None:
    """The month; a word such as "may" or "march" is one only with a capital."""
    written = match["month"]
    lower = written.lower()
    if written == lower and lower in ("may", "march", "mar", "sun", "dec", "jan"):
        return None
    return MONTHS[lower]


def full_year(written: str | None) -> int | None:
    """A year of four digits, or of two in this century or the last one."""
    if not written:
        return None
    number = int(written.lstrip("'"))
    return number if len(written) == 4 else number + (2000 if number < 50 else 1900)


def _month_day(match: re.Match[str], clause: Clause) -> Date | None:
    month = _named(match)
    days = [int(day) for day in (match["day"], match["last"]) if day]
    if month is None or not all(map(is_day, days)):
        return None
    after = clause.after(match.end())
    if match["month"] == "May" and after.islower() and counts(after) and not match["year"]:
        return None  # "May 5 people come?"
    link = (
        "and"
        if (match["last"] and "&" in match["link"]) or "and" in (match["link"] or "")
        else "to"
    )
    return Date(
        *(month, tuple(days), full_year(match["year"])),
        link=link,
        has_article=follows_article(match, clause),
    )


class Possessive(Date):
    """What belongs to a day: "Sept. 5th's"."""

    def words(self, british: bool) -> str:
        """As in "september fifth's"."""
        return f"{super().words(british)}'s"


def _possessive(match: re.Match[str], clause: Clause) -> Possessive | None:
    month, day = _named(match), int(match["day"])
    if month is None or not is_day(day):
        return None
    return Possessive(month, (day,), has_article=follows_article(match, clause))


def _month_year(match: re.Match[str], clause: Clause) -> Date | None:
    month = _named(match)
    return None if month is None else Date(month, year=full_year(match["year"]))


def _day_month(match: re.Match[str], clause: Clause) -> Date | None:
    month = _named(match)
    days = [int(day) for day in (match["day"], match["last"]) if day]
    if month is None or not all(map(is_day, days)):
        return None
    return Date(
        *(month, tuple(days), full_year(match["year"])),
        day_first=True,
        has_article=follows_article(match, clause),
    )


_MONTH = rf"(?P<month>(?i:{alternatives(set(MONTHS))}))(?:\.|(?!\w))"
_YEAR4 = r"(?P<year>[12]\d{3})(?![\w%]|[.,:/-]\d)"
_YEAR = rf"(?:(?:,\s?|\s)(?:{_YEAR4.replace('?P<year>', '?P<year>', 1)}))?"
_DAY = r"(?P<day>\d{1,2})"
_FIRST = frozenset(MONTHS)

RULES = [
    Rule(
        re.compile(rf"{_MONTH}\s?(?:the\s)?{_DAY}{SUFFIX}'s(?!\w)"),
        _possessive,
        "w",
        _FIRST,
        needs="'",
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
        re.compile(rf"{_DAY}(?P<last>)-{_MONTH}-(?P<year>\d\d)(?![\w%]|[.,:/-]\d)"),
        _day_month,
        "0",
        shape="0{1,2}-a",
        needs="a",
    ),
    Rule(
        re.compile(
            rf"(?:[Tt]he\s)?{_DAY}{SUFFIX}?(?:{DASH}(?P<last>\d{{1,2}}){SUFFIX}?)?"
            rf"(?:\sof\s|\s|-)(?:the\s)?{_MONTH}(?![\w%])"
            rf"(?:(?:,\s?|\s|-)(?P<year>[12]\d{{3}}|'\d\d)(?![\w%]|[.,:/-]\d))?"
        ),
        _day_month,
        "0",
        shape="0{1,2}[- a–—]",
        letters="snrt",
        needs="a",
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
]
