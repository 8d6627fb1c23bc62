"""Angles: "45° 30' 15\"", and the letter after one: "45° N"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.abbreviation_place import COMPASS
from vvcli.frontend.english.measure import Measure
from vvcli.frontend.english.measure_part import Parts
from vvcli.frontend.english.units import Unit
from vvcli.frontend.rule import Rule


def _angle(match: re.Match[str], clause: Clause) -> Parts:
    names = {"°": Unit("degree", "degrees"), "'": Unit("minute", "minutes")}
    second = Unit("second", "seconds")
    found = zip(match.groups()[::2], match.groups()[1::2], strict=True)
    return Parts(tuple(Measure(n, names.get(sign, second)) for n, sign in found if n))


@dataclass(frozen=True)
class Bearing:
    """The letter after degrees: "45° N"."""

    name: str

    def words(self, british: bool) -> str:
        """As in "north"."""
        return self.name


def _bearing(match: re.Match[str], clause: Clause) -> Bearing | None:
    if clause.previous not in ("Measure", "Symbol") or clause.before(match.start()) not in (
        "°",
        "'",
        '"',
        "''",
    ):
        return None
    return Bearing(COMPASS[match[0]])


RULES = [
    Rule(
        re.compile(r"(\d{1,3})(°)\s?(\d{1,2})(')(?:\s?(\d{1,2}(?:\.\d{1,6})?)(\"|''))?"),
        _angle,
        "0",
        shape="0{1,3}°",
    ),
    Rule(re.compile(r"[NSEW](?!\w)"), _bearing, "C", frozenset("nsew")),
]
