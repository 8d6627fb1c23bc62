"""Lengths, angles and times in parts: "6'2\"", "5 ft 2 in", "2h30m", "40°42'"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.fraction import Fraction
from vvcli.frontend.english.measure import FRACTION, Measure
from vvcli.frontend.english.number_words import number
from vvcli.frontend.english.patterns import plain
from vvcli.frontend.english.units import Unit, find_unit
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import words


@dataclass(frozen=True)
class Parts:
    """Several measures that make one: "six feet two inches", "two hours thirty minutes"."""

    parts: tuple[Measure, ...]

    def words(self, british: bool) -> str:
        """One after the other."""
        return " ".join(part.words(british) for part in self.parts)


def _feet(match: re.Match[str], clause: Clause) -> Parts | Measure | None:
    if clause.touches(match.start()).isalpha():
        return None  # Q4'23
    if _is_closing_quote(match.end(), clause, match[0][-1]):
        return None
    foot, inch = Unit("foot", "feet"), Unit("inch", "inches")
    feet, inches = match["feet"], match["inches"]
    if inches is None:
        is_side = clause.after(match.end()) in ("x", "×", "by")
        return Measure(feet, foot, singular=not is_side and _is_noun_next(match, clause))
    if float(inches) >= 12:
        minute, second = Unit("minute", "minutes"), Unit("second", "seconds")
        return Parts((Measure(feet, minute), Measure(inches, second)))
    return Parts((Measure(feet, foot, singular=True), Bare(inches, inch)))


@dataclass(frozen=True)
class Bare(Measure):
    """A number whose unit goes without saying: the inches of "six foot two"."""

    def words(self, british: bool) -> str:
        """The number."""
        return number(str(self.number), british)


def _inches(match: re.Match[str], clause: Clause) -> Measure | None:
    if _is_closing_quote(match.end(), clause, '"'):
        return None
    unit = Unit("inch", "inches")
    if match["under"]:
        whole = int(match["whole"]) if match["whole"] else None
        if not int(match["under"]):
            return None
        fraction = Fraction(int(match["over"]), int(match["under"]), whole)
        return Measure(fraction, unit, singular=_is_noun_next(match, clause))
    return Measure(plain(match["number"]), unit, singular=_is_noun_next(match, clause))


def _is_noun_next(match: re.Match[str], clause: Clause) -> bool:
    after = clause.after(match.end())
    is_side = after.lower() in ("x", "by") or after == "×"
    if is_side and _SIDES.match(clause.text, match.end()):
        return True
    is_noun = after.isalpha() and not is_side and after not in words("english/after_measure")
    return is_noun or (
        clause.follows(match.end()) == "-" and clause.after(match.end(), 2).isalpha()
    )


# The other sides of what is measured, before its name: 8" x 8" pan.
_SIDES = re.compile(
    r"(?:\s?(?:x|×|by)\s?\d{1,4}(?:\.\d{1,2})?[\"']){1,2}\s(?!deep|high|long|wide|tall)[a-z]{2}"
)


def _is_closing_quote(end: int, clause: Clause, sign: str) -> bool:
    """Whether the sign before `end` closes what was quoted: an odd number of them is before it."""
    text = clause.text
    if sign == "'":
        return False
    opened = len(re.findall(r'(?<!\d)"', text[max(0, end - 400) : end - 1]))
    return opened % 2 == 1


_LETTERS = {
    "h": Unit("hour", "hours"),
    "m": Unit("minute", "minutes"),
    "s": Unit("second", "seconds"),
    "d": Unit("day", "days"),
}


def _duration(match: re.Match[str], clause: Clause) -> Parts:
    found = [(match[n], _LETTERS[u]) for n, u in zip("dhms", "dhms", strict=True) if match[n]]
    return Parts(tuple(Measure(n.lstrip("0") or "0", u) for n, u in found))


_LARGER = r"hrs?|lbs?|st|yrs?|mins?|gals?|yds?|ft"
_SMALLER = r"mins?|oz|lbs?|mos?|secs?|in|ft|qts?"


def _pair(match: re.Match[str], clause: Clause) -> Parts | None:
    """Two measures that make one, with points after them: "2 hrs. 30 mins."."""
    larger, smaller = find_unit(match["larger"]), find_unit(match["smaller"])
    if larger is None or smaller is None:
        return None
    return Parts((Measure(match["first"], larger), Measure(match["last"], smaller)))


RULES = [
    Rule(
        re.compile(r"(\d{1,2})\s?st\s?(\d{1,2})\s?lbs?(?!\w)"),
        lambda m, c: Parts(
            (Measure(m[1], Unit("stone", "stone")), Measure(m[2], Unit("pound", "pounds")))
        ),
        "0",
        shape="0{1,2} ?aa ?0",
        letters="s",
    ),
    Rule(
        re.compile(
            rf"(?P<first>\d{{1,4}})\s?(?P<larger>{_LARGER})\.\s(?P<last>\d{{1,3}})\s?"
            rf"(?P<smaller>{_SMALLER})(?!\w)\.?"
        ),
        _pair,
        "0",
        stop="capital",
        shape=r"0{1,4} ?a{2,4}\. ",
        needs="a",
    ),
    Rule(
        re.compile(r"(?P<first>\d{1,2})'?\s?[-–]\s?(?P<last>\d{1,2})'(?!\w)"),
        lambda m, c: Measure(m["first"], Unit("foot", "feet"), m["last"]),
        "0",
        shape="0{1,2}('| ?[-–])",
        needs="'",
    ),
    Rule(
        re.compile(
            r"(?:(?P<d>\d{1,4})\s?d\s?)?(?P<h>\d{1,4})\s?h(?:rs?)?\s?(?P<m>\d{1,2})"
            r"(?:\s?m(?:ins?)?)?(?:\s?(?P<s>\d{1,2})\s?s(?:ecs?)?)?(?!\w|[:.]\d)"
        ),
        _duration,
        "0",
        shape="0{1,4} ?a{1,3} ?0",
        letters="dhm",
    ),
    Rule(
        re.compile(r"(?P<d>\d{1,4})\s?d\s?(?P<h>\d{1,2})\s?h(?P<m>)(?P<s>)(?!\w)"),
        _duration,
        "0",
        shape="0{1,4} ?a ?0",
        letters="d",
    ),
    Rule(
        re.compile(
            r"(?P<d>)(?P<h>)(?P<m>\d{1,4})\s?m(?:ins?)?\s?(?P<s>\d{1,2})\s?s(?:ecs?)?(?!\w)"
        ),
        _duration,
        "0",
        shape="0{1,4} ?a{1,4} ?0",
        letters="dhm",
    ),
    Rule(
        re.compile(r"(\d{1,2})[\s-]?(ft\.?)[\s-]?(\d{1,2}(?:\.\d)?)[\s-]?(in\.?|\")(?!\w)"),
        lambda m, c: Parts(
            (
                Measure(m[1], Unit("foot", "feet")),
                Measure(m[3], Unit("inch", "inches")),
            )
        ),
        "0",
        stop="capital",
        shape=r"0{1,2}[- ]?aa\.?[- ]?0",
        letters="f",
        needs="a",
    ),
    Rule(
        re.compile(
            r"(?P<feet>\d{1,2})'[\s-]?(?P<inches>\d{1,2}(?:\.\d)?)(?:\"|''|(?![\d'\w]|\.\d))"
        ),
        _feet,
        "0",
        shape="0{1,2}'[- ]?0",
        needs="'",
    ),
    Rule(
        re.compile(
            r"(?P<feet>\d{1,5})'(?P<inches>\d)?(?=\s?(?:x|×|by|tall|long|high|wide|deep)[\s\d.,]|\s?(?:tall|long|high|wide|deep)(?!\w))"
        ),
        _feet,
        "0",
        shape="0{1,5}'",
    ),
    Rule(
        re.compile(r"(?P<feet>\d{1,4})'(?P<inches>\d)?(?=\s*$|[\s,.;)])"),
        lambda m, c: (
            _feet(m, c)
            if c.before(m.start()) in ("x", "×", "by") or m[0] == c.text.strip()
            else None
        ),
        "0",
        shape="0{1,4}'",
    ),
    Rule(
        re.compile(rf"(?:{FRACTION}|(?P<number>\d+(?:\.\d+)?))(?:\"|'')(?:(?!\w)|(?=[xX×]\s?\d))"),
        _inches,
        "0",
        shape="0+[\"'./ -]",
        needs="\"'",
    ),
]
