"""What recipes and thermometers say: "180C/400 F", "1 t salt", "2 c sugar", "bake at 350F"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.fraction import Fraction
from vvcli.frontend.english.measure import FRACTION, Measure
from vvcli.frontend.english.number_words import number
from vvcli.frontend.english.units import Unit
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues

_HEAT = cues("kitchen.heat")
_FOODS = cues("kitchen.foods")
_SPOONS = {
    "t": Unit("teaspoon", "teaspoons"),
    "T": Unit("tablespoon", "tablespoons"),
    "c": Unit("cup", "cups"),
}
_SCALES = {"C": "celsius", "F": "fahrenheit"}
_NEAR = 6  # tokens before a number in which an oven makes it a temperature


@dataclass(frozen=True)
class Temperature(Measure):
    """Degrees without their sign, and those of another scale after them."""

    also: str = ""

    def words(self, british: bool) -> str:
        """As in "one hundred eighty degrees celsius, four hundred degrees fahrenheit"."""
        return super().words(british) + self.also


def _degrees(scale: str) -> Unit:
    name = _SCALES[scale.upper()]
    return Unit(f"degree {name}", f"degrees {name}")


def _both(match: re.Match[str], clause: Clause) -> Temperature | None:
    if match["scale"].upper() == match["other"].upper():
        return None
    also = f", {number(match['second'], clause.british)} degrees {_SCALES[match['other'].upper()]}"
    also += "," * bool(match["slash"])
    return Temperature(match["first"], _degrees(match["scale"]), also=also)


def _temperature(match: re.Match[str], clause: Clause) -> Temperature | None:
    if match["scale"].islower() and match["gap"]:
        return None
    near = {clause.before(match.start(), n).lower() for n in range(1, _NEAR + 1)}
    near.add(clause.after(match.end()).lower())
    if not near & _HEAT and not match["slash"]:
        return None
    also = "," if match["slash"] else ""
    return Temperature(match["first"], _degrees(match["scale"]), also=also)


def _spoon(match: re.Match[str], clause: Clause) -> Measure | None:
    after = {clause.after(match.end(), n).lower() for n in (1, 2, 3)}
    if not after & _FOODS:
        return None
    value: str | Fraction = match["number"] or ""
    if match["under"]:
        if not int(match["under"]):
            return None
        whole = int(match["whole"]) if match["whole"] else None
        value = Fraction(int(match["over"]), int(match["under"]), whole)
    return Measure(value, _SPOONS.get(match["unit"]) or _SPOONS[match["unit"].lower()])


RULES = [
    Rule(
        re.compile(
            r"(?P<first>\d{2,3})\s?(?P<scale>[CcFf])\s?/\s?(?P<second>\d{2,3})\s?°?\s?"
            r"(?P<other>[CcFf])(?!\w)(?P<slash>\s?/\s?(?=[gG]as\s))?"
        ),
        _both,
        "0",
        shape="000?( ?a ?/)",
        letters="cf",
        needs="/",
    ),
    Rule(
        re.compile(
            r"(?P<first>\d{2,3}(?:\.\d)?)(?P<gap>\s?)(?P<scale>[CcF])(?!\w)(?P<slash>\s?/\s?(?=[gG]as\s|\d))?"
        ),
        _temperature,
        "0",
        shape="000?([.]0)? ?a(?![0a_])",
        letters="cf",
    ),
    Rule(
        re.compile(
            rf"(?:{FRACTION}|(?P<number>\d{{1,2}}(?:\.\d{{1,2}})?))\s?(?P<unit>[tTcC])\.?(?=\s[a-z])"
        ),
        _spoon,
        "0",
        shape="0{1,4}(([.]0{1,2}|/0{1,4})? ?a(?![0a_])|[ -]0{1,4}/)",
        letters="tc",
        needs="a",
    ),
]
