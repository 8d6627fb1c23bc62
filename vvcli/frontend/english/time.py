"""Times of day: "9:05 pm", "9am-5pm", "12:30h", "0900 hours", "2:30:00"; ratios "10:1"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal, digits
from vvcli.frontend.english.patterns import DASH
from vvcli.frontend.english.time_ratio import is_ratio
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues


@dataclass(frozen=True)
class Time:
    """A time of day, or a duration that is written as one."""

    hour: int
    minute: int | None = None
    second: int = 0
    half: str = ""  # "am" or "pm"

    def words(self, british: bool) -> str:
        """As in "nine oh five p m"."""
        half = {"am": " ay m", "pm": " p m"}.get(self.half, "")
        hour, minute = self.hour, self.minute
        if minute is None:
            return f"{cardinal(hour)}{half}"
        if hour == minute == self.second == 0 and not half:
            return "midnight"
        if minute == 0:
            clock = "" if half or self.second else " o'clock" if 0 < hour < 13 else " hundred"
            said = cardinal(hour) + clock
        else:
            said = f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"
        if self.second:
            said += f" and {cardinal(self.second)} second" + "s" * (self.second != 1)
        return said + half


@dataclass(frozen=True)
class Span:
    """From one time to another."""

    start: Time
    end: Time

    def words(self, british: bool) -> str:
        """As in "nine ay m to five p m"."""
        return f"{self.start.words(british)} to {self.end.words(british)}"


@dataclass(frozen=True)
class Military:
    """Four digits before "hours"."""

    clock: str
    ending: str = " hours"

    def words(self, british: bool) -> str:
        """As in "zero nine hundred hours"."""
        hour, minute = self.clock[:2], self.clock[2:]
        said = digits(hour) if hour[0] == "0" else cardinal(int(hour))
        if minute == "00":
            return f"{said} hundred{self.ending}"
        return (
            f"{said} {digits(minute) if minute[0] == '0' else cardinal(int(minute))}{self.ending}"
        )


@dataclass(frozen=True)
class Duration:
    """How long something takes: "ran in 2:01:39", "cook for 1h30"."""

    hours: int
    minutes: int
    seconds: int

    def words(self, british: bool) -> str:
        """As in "two hours one minute thirty nine seconds"."""
        parts = zip(
            ("hour", "minute", "second"), (self.hours, self.minutes, self.seconds), strict=True
        )
        return " ".join(f"{cardinal(n)} {unit}{'s' * (n != 1)}" for unit, n in parts if n) or "zero"


_LASTS = cues("time.lasts")


def _half(written: str | None) -> str:
    return "" if not written else "am" if written[0] in "aA" else "pm"


def _is_verb(match: re.Match[str], clause: Clause) -> bool:
    """Whether "am" belongs to "I": "I am 10 am I not"."""
    return clause.after(match.end()) == "I" or clause.before(match.start()) == "I"


def _clock(match: re.Match[str], clause: Clause) -> Time | Duration | None:
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    half = _half(match["half"] or match.groupdict().get("short"))
    if hour in (1, 2) and clause.follows(match.start("minute") - 1) == "H":
        return None  # 1H24, half of a year
    if minute > 59 or second > 59 or hour > (12 if half else 24):
        return None
    is_long = clause.before(match.start()).lower() in _LASTS
    if (
        is_long
        and hour < 10
        and (match["second"] or clause.follows(match.start("minute") - 1) in "hH")
    ):
        return Duration(hour, minute, second)
    if is_ratio(match, clause) and not half and not match["second"]:
        return None
    is_whole = clause.after(match.end()).lower() in ("noon", "midnight")
    is_length = clause.follows(match.end()) == "-" and clause.after(match.end(), 2) == "minute"
    if minute == second == 0 and not half and (is_whole or is_length):
        return Time(hour)
    return Time(hour, minute, second, half)


def _hour(match: re.Match[str], clause: Clause) -> Time | None:
    hour = int(match["hour"])
    if not 1 <= hour <= 12:
        return None
    if match["half"] in ("am", "AM") and _is_verb(match, clause):
        return None
    return Time(hour, half=_half(match["half"]))


def _span(match: re.Match[str], clause: Clause) -> Span | None:
    ends = []
    for n in ("1", "2"):
        hour, minute, half = int(match[f"hour{n}"]), match[f"minute{n}"], _half(match[f"half{n}"])
        if hour > (12 if half else 24) or (minute and int(minute) > 59):
            return None
        ends.append(Time(hour, int(minute) if minute else None, half=half))
    if not any(end.half or end.minute is not None for end in ends):
        return None
    if ends[0].minute is not None and ends[1].minute is None and not ends[1].half:
        return None
    return Span(*ends)


def _military(match: re.Match[str], clause: Clause) -> Military | None:
    clock = match["clock"]
    ending = "" if match["zone"] else " hours"
    return Military(clock, ending) if int(clock[:2]) < 25 and int(clock[2:]) < 60 else None


_HALF = r"(?:[aApP]\.\s?[mM]\.?|[aApP][mM]\.?)(?!\w)"
_POINT = r"(?P<hour{n}>[01]?\d|2[0-4])(?:[:.](?P<minute{n}>\d\d))?\s?(?P<half{n}>HALF)?"
_POINT = _POINT.replace("HALF", _HALF)

RULES = [
    Rule(
        re.compile(
            _POINT.format(n=1)
            + rf"(?:h(?!\w))?(?:{DASH}|\s(?:to|until|till)\s)"
            + _POINT.format(n=2)
            + r"(?:h(?!\w))?(?![\w%]|[:.,/-]\d|\s?[$€£])"
        ),
        _span,
        "0",
        stop="capital",
        shape="0{1,2}([:.]00)? {0,2}([-–—]|a(?![0_]))",
        letters="aph",
        needs="a:.",
    ),
    Rule(
        re.compile(
            r"(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:[.,]\d{1,6})?)?"
            rf"(?:\s?(?P<half>{_HALF})|(?P<short>[ap])(?!\w)|\s?[hH](?!\w))?(?!(?!(?:Z|ish)(?!\w))\w|[:.,]\d)"
        ),
        _clock,
        "0",
        stop="capital",
        shape="0{1,2}:00",
    ),
    Rule(
        re.compile(r"(?P<hour>[01]?\d|2[0-4])[hH](?P<minute>[0-5]\d)(?P<second>)(?P<half>)(?!\w)"),
        _clock,
        "0",
        shape="0{1,2}a00",
        letters="h",
    ),
    Rule(
        re.compile(rf"(?P<hour>[01]?\d)\.(?P<minute>[0-5]\d)(?P<second>)\s?(?P<half>{_HALF})"),
        _clock,
        "0",
        stop="capital",
        shape=r"0{1,2}\.00 ?a",
    ),
    Rule(
        re.compile(rf"(?P<hour>[01]?\d)\s?(?P<half>{_HALF})"),
        _hour,
        "0",
        stop="capital",
        shape="0{1,2} ?a[.a]",
        letters="ap",
    ),
    Rule(
        re.compile(
            r"(?P<clock>[0-2]\d[0-5]\d)\s?(?:(?:hours|hrs|Hours|HRS|h)(?!\w)|(?=(?P<zone>GMT|UTC|Z|EST|EDT|CST|PST|CET|BST)(?!\w)))"
        ),
        _military,
        "0",
        shape="0000( a|a)",
        letters="hgucepzb",
    ),
]
