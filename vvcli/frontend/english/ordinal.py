"""Ranks: "21st", "1,000th", "19th c."."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import ordinal
from vvcli.frontend.english.patterns import SUFFIX, plain
from vvcli.frontend.rule import Rule


@dataclass(frozen=True)
class Ordinal:
    """A rank, several of them, or a century."""

    number: int | str  # digits beyond what numbers have names for
    ending: str = ""  # "s" or " century"

    def words(self, british: bool) -> str:
        """As in "nineteenth century"."""
        return ordinal(int(str(self.number)[:16]), british) + self.ending


def _ordinal(match: re.Match[str], clause: Clause) -> Ordinal | _Run | None:
    digits = plain(match["number"])
    if not _is_rank(digits, match["suffix"].lower()):
        return None  # "14st" is a weight
    if len(digits) > 15:
        return _Run(digits)
    return Ordinal(int(digits), " century" if match["century"] else match["plural"] or "")


@dataclass(frozen=True)
class Ranks:
    """From one rank to another: "17th-19th"."""

    first: int
    last: int

    def words(self, british: bool) -> str:
        """As in "seventeenth to nineteenth"."""
        return f"{ordinal(self.first, british)} to {ordinal(self.last, british)}"


@dataclass(frozen=True)
class _Run:
    digits: str

    def words(self, british: bool) -> str:
        from vvcli.frontend.english.number_words import digits

        return digits(self.digits)


def _is_rank(number: str, suffix: str) -> bool:
    if number[-2:] in ("11", "12", "13"):
        return suffix == "th"
    return suffix == {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")


RULES = [
    Rule(
        re.compile(r"(?P<number>\d{0,2}[23])d(?=\s(?:of|Cir|Dist|Cong|Sess|[eE]d)(?!\w))"),
        lambda m, c: Ordinal(int(m["number"])),
        "0",
        shape="0{1,3}a ",
        letters="d",
    ),
    Rule(
        re.compile(rf"(?P<first>\d{{1,3}}){SUFFIX}\s?[-–—]\s?(?P<last>\d{{1,3}}){SUFFIX}(?!\w)"),
        lambda m, c: Ranks(int(m["first"]), int(m["last"])),
        "0",
        shape="0{1,3}aa ?[-–—]",
        letters="snrt",
    ),
    Rule(
        re.compile(
            rf"(?P<number>\d{{1,3}}(?:,\d{{3}}){{1,5}}|\d+)\s?\^?(?P<suffix>{SUFFIX})"
            r"(?:(?P<plural>'?s)(?![\w'])|(?P<century>\s?[cC]\.|\s[cC](?!\w))(?!\s?\d))?(?!\w)"
        ),
        _ordinal,
        "0",
        shape=r"0+(,000| ?\^?aa)",
        letters="snrt",
        stop="starter",
    ),
]
