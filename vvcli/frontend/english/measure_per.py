"""What something is counted for: "$5/month", "10 €/kg", "per kg", "£25 pp", "2-3x/day"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.cardinal import counts
from vvcli.frontend.english.measure import Measure
from vvcli.frontend.english.number_words import number
from vvcli.frontend.english.units import Unit, find_unit
from vvcli.frontend.rule import Rule


@dataclass(frozen=True)
class Per:
    """A slash before what something is counted for: "$5/month", "10 €/kg"."""

    unit: str

    def words(self, british: bool) -> str:
        """As in "per kilogram"."""
        return f"per {self.unit}"


# After a sum: "£25 pp", "$900 pcm".
_EACH = {"pp": "person", "pw": "week", "pcm": "calendar month", "pa": "annum", "ph": "hour"}


def _each(match: re.Match[str], clause: Clause) -> Per | None:
    return Per(_EACH[match[0]]) if clause.previous == "Money" else None


_EVERY = {"s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "day": "day"}


def _per(match: re.Match[str], clause: Clause) -> Per | None:
    written = match["word"]
    if clause.previous == "Plain" and counts(clause.before(match.start()).lower()):
        unit = find_unit(written) if len(written) > 1 else None
        each = _EVERY.get(written) or (unit.one if unit else "")
        return Per(each) if each else None
    if clause.previous not in ("Measure", "Money", "Cardinal", "Decimal", "Math"):
        return None
    if clause.before(match.start(), 2) == "°":
        return None  # 180°C/gas mark 4
    unit = find_unit(written)
    if unit is not None:
        return Per(unit.one)
    if clause.previous in ("Measure", "Money") and written.isalpha() and written.islower():
        return Per(written)
    return None


@dataclass(frozen=True)
class Times:
    """How often: "2-3x/day", "2x daily"."""

    first: str
    last: str
    each: str  # "day"; "" where a word says it

    def words(self, british: bool) -> str:
        """As in "two to three times per day"."""
        said = number(self.first, british) + (f" to {number(self.last, british)}" * bool(self.last))
        noun = "time" if self.first == "1" and not self.last else "times"
        return f"{said} {noun}" + (f" per {self.each}" if self.each else "")


def _times(match: re.Match[str], clause: Clause) -> Times | None:
    written = match["unit"]
    if written is None:
        return Times(match["first"], match["last"] or "", "")
    unit = find_unit(written)
    each = {"d": "day", "wk": "week"}.get(written) or (unit.one if unit else written)
    return Times(match["first"], match["last"] or "", each)


def _points(match: re.Match[str], clause: Clause) -> Measure:
    unit = Unit("percentage point", "percentage points")
    return Measure(match["number"], unit, sign={"-": "minus", "+": "plus"}.get(match["sign"], ""))


RULES = [
    Rule(
        re.compile(r"(?P<sign>(?<!\w)[-+])?(?P<number>\d{1,3}\.\d{1,3})\s?pp(?!\w)\.?"),
        _points,
        "0-+",
        shape="0{1,3}[.]0{1,3} ?aa|[-+]0",
        needs=".",
        stop="starter",
    ),
    Rule(
        re.compile(
            r"(?P<first>\d{1,3})(?:\s?[-–]\s?(?P<last>\d{1,3}))?\s?[xX×](?:\s?/\s?"
            r"(?P<unit>days?|d|weeks?|wks?|months?|mos?|years?|yrs?|hours?|hrs?|min|s|sec)(?!\w)"
            r"|(?=\s(?:daily|weekly|monthly|yearly|a\s(?:day|week|month|year)|per\s[a-z])))"
        ),
        _times,
        "0",
        shape="0{1,3}( ?[-–]| ?a[ /]|×)",
        needs="a×",
        letters="x",
    ),
    Rule(
        re.compile(r"per\s(?P<word>[a-zμ]{2,4})(?!\w)"),
        lambda m, c: Per(unit.one) if (unit := find_unit(m["word"])) and not unit.flag else None,
        "w",
        frozenset(["per"]),
    ),
    Rule(re.compile(rf"(?:{'|'.join(_EACH)})(?!\w)"), _each, "w", frozenset(_EACH)),
    Rule(
        re.compile(r"\s?/\s?(?P<word>[a-zA-Zμ]{1,12}(?:\^?[23])?)(?![\w/])"),
        _per,
        "/",
        shape="/[ a]",
    ),
]
