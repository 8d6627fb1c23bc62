"""Days of the week and months that are shortened: "Sat. 5 May", "Mon-Fri", "in Dec."."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, rows

_DAYS = {short: name for name, cell in rows("english/weekdays") for short in cell.split()}
_MONTHS = {
    short: row[1] for row in rows("english/months") for cell in row[2:] for short in cell.split()
}
_SURE = cues("weekday.sure")
_WORDS = cues("weekday.words")
_CUES = cues("weekday.cues")


@dataclass(frozen=True)
class Calendar:
    """The full name of a day or a month."""

    name: str

    def words(self, british: bool) -> str:
        """The name."""
        return self.name


def _calendar(match: re.Match[str], clause: Clause) -> Calendar | None:
    written, is_dotted = match["word"], match[0].endswith(".")
    lower = written.lower()
    name = _DAYS.get(lower) or _MONTHS[lower]
    if written == lower or (written.isupper() and clause.is_shouting):
        return None
    place, end = match.start(), match.end()
    after, before = clause.after(end), clause.before(place).lower()
    if written.isupper() and lower in _MONTHS and before == "%":
        return None  # 6.7% APR
    if before in ("-", "–", "/") and clause.previous == "Weekday":
        return Calendar(name)
    if is_dotted and after == "" and before not in _CUES:
        begins = clause.begins_sentence(place) and clause.previous not in ("Time", "Date")
        is_other = lower in ("sat", "sun", "mar") and begins
        return None if is_other or lower == "jan" or before == "the" else Calendar(name)
    if before == "the" and lower in ("sun", "mar", "wed"):
        return None
    if is_dotted:
        # "He sat." has no capital; "The Sun. Then" has an article.
        is_sentence = clause.ends_sentence(end, "starter") and lower in _WORDS
        return None if is_sentence and before not in _CUES else Calendar(name)
    if lower in _SURE and (lower in _DAYS or before in _CUES or after[:1].isdigit()):
        return Calendar(name)
    is_dated = after[:1].isdigit() or (after == "," and clause.after(end, 2)[:1].isdigit())
    is_span = after in ("-", "–", "/") or before in ("-", "–", "/")
    neighbour = (
        clause.after(end, 2).lower() if after in ("-", "–", "/") else clause.before(place, 2)
    )
    in_span = is_span and (neighbour.lower() in _DAYS or neighbour.lower() in _MONTHS)
    if (
        in_span
        or _is_listed(lower, place, end, clause)
        or is_dated
        or (before in _CUES and not clause.begins_sentence(place))
    ):
        return Calendar(name)
    return None


_JOINTS = ("&", "and", "or", "+", ",")


def _is_listed(lower: str, place: int, end: int, clause: Clause) -> bool:
    """Whether another of its kind is beside: "Sat & Sun", "Mon, Wed and Fri"."""
    kind = {*_DAYS, *_DAYS.values()} if lower in _DAYS else set(_MONTHS)
    for joint, other in (
        (clause.after(end), clause.after(end, 2)),
        (clause.before(place), clause.before(place, 2)),
    ):
        if joint.lower() in _JOINTS and other[:1].isupper() and other.lower() in kind:
            return True
    return False


_NAMES = frozenset([*_DAYS, *_DAYS.values(), *_MONTHS, *_MONTHS.values()])


@dataclass(frozen=True)
class Through:
    """The dash between two days."""

    def words(self, british: bool) -> str:
        """The word "to"."""
        return "to"


def _dash(match: re.Match[str], clause: Clause) -> Through | None:
    after = clause.after(match.end()).lower()
    is_spanned = clause.previous in _SPANNED
    if not is_spanned and after not in _NAMES and not after.isdigit():
        return None
    before = clause.before(match.start()).lower()
    if before == ".":
        before = clause.before(match.start(), 2).lower()
    if not is_spanned:
        ends = _NAMES if after in _NAMES else ("noon", "midnight")
        return Through() if before in ends else None
    is_short_year = after == "'" and clause.after(match.end(), 2).isdigit()
    if clause.previous == "Decade" and (is_short_year or clause.after(match.end(), 2) == "s"):
        return Through()
    if clause.previous in ("Year", "Range") and (after.isdigit() or is_short_year):
        return Through()
    if clause.previous == "Date" and after.isdigit():
        return Through() if clause.after(match.end(), 2).lower() in _NAMES else None
    if after not in _NAMES:
        return Through() if before in ("noon", "midnight") and after.isdigit() else None
    return Through() if before in _NAMES or clause.previous == "Date" else None


_SPANNED = ("Decade", "Year", "Range", "Date")

_LETTERS = {
    **{"M": "monday", "Tu": "tuesday", "T": "tuesday", "W": "wednesday", "Th": "thursday"},
    **{"R": "thursday", "F": "friday", "Sa": "saturday", "Su": "sunday"},
}


def _letters(match: re.Match[str], clause: Clause) -> Calendar | None:
    """Days by their letters before a time: "M-F 8-5", "M/W/F 10am"."""
    if clause.touches(match.start()) in ("-", "/", "."):
        return None
    days = re.split("[-–/]", match["days"])
    return Calendar((" " if match["sign"] == "/" else " to ").join(_LETTERS[day] for day in days))


_RUNS = {
    "MWF": "monday wednesday friday",
    "TTh": "tuesday thursday",
    "TuTh": "tuesday thursday",
    "MW": "monday wednesday",
}

_AT = r"(?=:?\s(?:at\s|from\s|@\s?)?\d{1,2}(?::\d\d|[ap]|\s?[ap]\.?m|\s?[-–]\s?\d{1,2}(?!\d)))"
_DAY = "(?:M|Tu|Th|T|W|R|F|Sa|Su)"


@dataclass(frozen=True)
class And:
    """The slash between two days or months: "Mon/Wed"."""

    def words(self, british: bool) -> str:
        """Nothing, as between letters of days."""
        return ""


def _slash(match: re.Match[str], clause: Clause) -> And | None:
    before, after = clause.before(match.start()), clause.after(match.end())
    is_name = clause.previous == "Weekday" or (before.istitle() and before.lower() in _LISTED)
    return And() if is_name and after.lower() in _LISTED else None


_LISTED = _NAMES | {row[1] for row in rows("english/months")}  # with "may", which is not short


RULES = [
    Rule(re.compile("/(?=[A-Z])"), _slash, "/", shape="/a"),
    Rule(
        re.compile(rf"(?P<days>{_DAY}(?P<sign>[-–/]){_DAY}(?:/{_DAY}){{0,4}}){_AT}"),
        _letters,
        "C",
        frozenset(day.lower() for day in _LETTERS),
        shape="a+[-–/]",
    ),
    Rule(
        re.compile(rf"(?:{'|'.join(_RUNS)}){_AT}"),
        lambda m, c: Calendar(_RUNS[m[0]]),
        "C",
        frozenset(run.lower() for run in _RUNS),
    ),
    Rule(
        re.compile(r"(?P<word>[A-Za-z]{3,5})\.?(?!\w)"),
        _calendar,
        "C",
        frozenset([*_DAYS, *_MONTHS]),
        stop="starter",
    ),
    Rule(re.compile(r"[-–]\s?"), _dash, "-–", shape="[-–](  | ?[0a'])"),
]
