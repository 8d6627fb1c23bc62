"""Two numbers with a colon that are no time of day: "10:1", "16:9", "John 3:16", "1:23.45"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal, digits, number
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues

_RATIO = cues("time.ratio")


_BOOKS = cues("time.books")


@dataclass(frozen=True)
class Ratio:
    """Two numbers with a colon: "ten to one", or a verse of the Bible, without "to"."""

    first: str
    second: str
    link: str = "to"
    last: str = ""  # of several verses

    def words(self, british: bool) -> str:
        """As in "sixteen to nine"."""
        ends = [number(self.first, british), self.link, number(self.second, british)]
        if self.last:
            ends += ["to", *(number(part, british) for part in self.last.split(":"))]
        return " ".join(filter(None, ends))


def is_ratio(match: re.Match[str], clause: Clause) -> bool:
    """Whether the neighbours of what looks like a time say that it is a ratio or a verse."""
    after, before = clause.after(match.end()).lower(), clause.before(match.start()).lower()
    return after in _RATIO - {"meeting", "meetings"} or before in _RATIO or _is_book(match, clause)


def _is_book(match: re.Match[str], clause: Clause) -> bool:
    """Whether it is a verse of the Bible: "John 3:16", "Rev. 1:2"."""
    place = match.start()
    before = clause.before(place)
    if before == ".":
        before = clause.before(place, 2)
    if before.lower() in ("ch", "chapter", "verse"):
        return True
    return before.lower() in _BOOKS and before[0].isupper()


def _ratio(match: re.Match[str], clause: Clause) -> Ratio | None:
    first, second = match["first"], match["second"]
    if _is_book(match, clause):
        place, verse = (int(n.replace(",", "").partition(".")[0]) for n in (first, second))
        sounds_as_one = (place % 10 == 0 and place > 10 > verse) or (
            place % 100 == 0 and verse < 100
        )
        return Ratio(first, second, "verse" * sounds_as_one, match["last"] or "")
    if match["last"]:
        return None
    if "." in first + second:
        return Ratio(first, second)
    if len(second) == 2 and second[0] != "0" and int(first) > 24 and int(second) < 60:
        return Ratio(first, second, link="")  # minutes and seconds
    if len(second) == 2 and int(first) > 24 and int(second) < 60:
        return Ratio(first, second[1], link="oh")
    return Ratio(first, second)


@dataclass(frozen=True)
class Minutes:
    """Seconds of a race with their hundredths: "1:23.45"."""

    minutes: int
    seconds: str

    def words(self, british: bool) -> str:
        """As in "one twenty three point four five"."""
        whole, _, part = self.seconds.partition(".")
        oh = "oh " if whole.startswith("0") else ""
        return f"{cardinal(self.minutes)} {oh}{cardinal(int(whole))} point {digits(part)}"


def _lap(match: re.Match[str], clause: Clause) -> Minutes:
    return Minutes(int(match["first"]), match["second"])


RULES = [
    Rule(
        re.compile(r"(?P<first>\d{1,2}):(?P<second>[0-5]\d\.\d{1,3})(?![\w]|[:.,]\d)"),
        _lap,
        "0",
        shape=r"0{1,2}:00\.0",
    ),
    Rule(
        re.compile(
            r"(?P<first>\d{1,4}(?:\.\d{1,3})?):(?P<second>\d{1,3}(?:,\d{3}){1,2}|\d{1,4}(?:\.\d{1,3})?)"
            r"(?:[-–](?P<last>\d{1,3}(?::\d{1,3})?))?(?![\w]|[:.]\w)"
        ),
        _ratio,
        "0",
        shape=r"0{1,4}(\.0{1,3})?:0",
    ),
]
