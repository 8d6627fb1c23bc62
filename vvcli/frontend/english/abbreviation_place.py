"""Points of the compass in addresses and roads: "1600 N. Main St.", "I-95 N"."""

from __future__ import annotations

import re

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.abbreviation import Abbreviation
from vvcli.frontend.english.number_words import letters
from vvcli.frontend.english.patterns import NTH, STREET
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues

COMPASS = {"N": "north", "S": "south", "E": "east", "W": "west"}

_ROADS = cues("abbreviation.roads")


_NUMBERED = re.compile(rf"\s{NTH}\s")


def _direction(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    """In an address: "1600 N. Main St."."""
    after = clause.after(match.end())
    is_numbered = _NUMBERED.match(clause.text, match.end())
    is_street = clause.after(match.end(), 2).rstrip(".") in (
        "St",
        "Street",
        "Ave",
        "Avenue",
        "Rd",
        "Blvd",
    )
    if not (clause.before(match.start()).isdigit() or is_numbered or is_street) or not (
        after[:1].isupper() or after.isdigit()
    ):
        return None
    return Abbreviation(COMPASS[match[0][0]])


def _road(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    """After the number of a road: "Hwy 101 S", "I-95 N"."""
    road = clause.before(match.start(), 2).lower()
    before = clause.before(match.start(), 3).lower()
    is_road = road in _ROADS or (road == "-" and before in ("i", "us", "sr"))
    if not clause.before(match.start()).isdigit() or not is_road:
        return None
    return Abbreviation(COMPASS[match[0][0]] + ("bound" if len(match[0]) > 1 else ""))


_ZIP = re.compile(r"\s\d{5}(?![\d,.])|\s\d{5}[,.](?!\d)")


def _state(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    """A state whose letters are a word: "Portland, OR 97201", "Bangor, ME." """
    before = clause.before(match.start())
    is_apart = before == ","
    city = clause.before(match.start(), 2) if is_apart else before
    if not city.istitle() or city.isupper():
        return None
    if not _ZIP.match(clause.text, match.end()):
        # "Sure, OK." is no place; of a name alone, without a ZIP code, one word must be the city.
        after = clause.after(match.end())
        is_ended = after in ("", ".", ",", ";", ")")
        if not is_apart or not is_ended or match[0] in ("OK", "HI"):
            return None
    return Abbreviation(letters(match[0]))


RULES = [
    Rule(
        re.compile(r"(?:OR|IN|ME|HI|OK)(?![\w'])"),
        _state,
        "C",
        frozenset(["or", "in", "me", "hi", "ok"]),
    ),
    Rule(
        re.compile(rf"[NSEW](?={STREET})"),
        _direction,
        "C",
        frozenset("nsew"),
        shape="a ",
    ),
    Rule(re.compile(r"[NSEW]\."), _direction, "C", frozenset("nsew"), stop="never"),
    Rule(
        re.compile(r"[NSEW]B?(?![\w.])"), _road, "C", frozenset("nsew") | {"nb", "sb", "eb", "wb"}
    ),
]
