"""Times in few letters: "7-8p", "8a-5p", "opens 8a", "at 0600"."""

from __future__ import annotations

import re

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.patterns import DASH
from vvcli.frontend.english.time import Military, Span, Time
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, words

_HOUR_CUES = cues("money.hours")
_CLOCK_CUES = cues("time.clock")


def _time(match: re.Match[str], n: int) -> Time | None:
    hour, minute, half = int(match[f"hour{n}"]), match[f"minute{n}"], match[f"half{n}"]
    if not 1 <= hour <= 12:
        return None
    name = {"a": "am", "p": "pm"}.get((half or "").lower(), "")
    return Time(hour, int(minute) if minute else None, half=name)


def _span(match: re.Match[str], clause: Clause) -> Span | None:
    start, end = _time(match, 1), _time(match, 2)
    if start is None or end is None:
        return None
    is_sure = start.half or match["minute1"] or match["minute2"]
    if not is_sure and (clause.british or match["half2"] in "aA"):
        return None  # pence, and parts of a figure
    before = clause.before(match.start()).lower()
    return None if before in words("english/sections") else Span(start, end)


def _hour(match: re.Match[str], clause: Clause) -> Time | None:
    hour = int(match["hour"])
    is_cued = clause.before(match.start()).lower() in _HOUR_CUES
    if not is_cued or not 1 <= hour <= 12 or clause.after(match.end())[:1].isupper():
        return None
    return Time(hour, half="am")


def _clock(match: re.Match[str], clause: Clause) -> Military | None:
    is_cued = clause.before(match.start()).lower() in _CLOCK_CUES
    return Military(match[0], "") if is_cued else None


_POINT = r"(?P<hour{n}>\d{{1,2}})(?::(?P<minute{n}>[0-5]\d))?"

RULES = [
    Rule(
        re.compile(
            rf"{_POINT.format(n=1)}(?P<half1>[aApP])?{DASH}"
            rf"{_POINT.format(n=2)}(?P<half2>[aApP])(?!\w)"
        ),
        _span,
        "0",
        shape="0{1,2}(:00)?a? ?[-–—]",
        letters="ap",
        needs="a",
    ),
    Rule(
        re.compile(r"(?P<hour>\d{1,2})a(?!\w)"), _hour, "0", shape="0{1,2}a(?![0a_])", letters="a"
    ),
    Rule(
        re.compile(r"0\d[0-5]\d(?![\w/]|[.,:-]\d|\s?%)"),
        _clock,
        "0",
        shape="0000(?![0a])",
    ),
]
