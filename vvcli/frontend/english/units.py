"""Units by their symbols: squares, cubes, and one per another."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from vvcli.frontend.english.patterns import alternatives
from vvcli.frontend.tables import rows


class Unit(NamedTuple):
    """The names of a unit; `flag` says what else its symbol may mean."""

    one: str
    many: str
    flag: str = ""


@cache
def _units() -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for symbols, one, many, *flag in rows("english/units"):
        for symbol in symbols.split(" "):
            found.setdefault(symbol, Unit(one, many, *flag))
    return {symbol: unit for symbol, unit in found.items() if unit.flag != "never"}


@lru_cache(4096)
def find_unit(written: str) -> Unit | None:
    """The unit of a symbol such as "km", "m^2", "sq. ft.", "mg/dL" or "km/h"."""
    symbol = written.rstrip(".") if written.rstrip(".") else written
    symbol = re.sub(r"\.?\s", "_", symbol.strip())
    unit = _units().get(symbol) or (_units().get(symbol.lower()) if _is_loud(symbol) else None)
    if unit is not None:
        return unit
    base, times, last = symbol.partition("·")
    if times:
        first, second = find_unit(base), find_unit(last)
        if first is None or second is None:
            return None
        return Unit(f"{first.one} {second.one}", f"{first.one} {second.many}")
    over, slash, under = symbol.partition("/")
    if slash:
        first, second = find_unit(over), find_unit(under)
        if first is None or second is None:
            return None
        return Unit(f"{first.one} per {second.one}", f"{first.many} per {second.one}")
    base, power = symbol[:-1].rstrip("^"), symbol[-1:]
    if power in ("2", "3") and base in _units():
        unit = _units()[base]
        if unit.one.startswith("second"):
            return Unit(f"{unit.one} squared", f"{unit.many} squared")
        name = "square" if power == "2" else "cubic"
        return Unit(f"{name} {unit.one}", f"{name} {unit.many}")
    return None


def _is_loud(symbol: str) -> bool:
    return (
        symbol.isupper()
        and len(symbol) > 1
        and symbol not in ("IN", "PM", "AM", "MS", "HR", "ST", "AC")
    )


def _pattern() -> str:
    symbols = {symbol for symbol in _units() if "_" not in symbol and "/" not in symbol}
    loud = {symbol.upper() for symbol in symbols if _is_loud(symbol.upper())}
    one = f"(?:{alternatives(symbols | loud)})"
    several = "|".join(
        symbol.replace("_", r"\.?\s") for symbol in _units() if "_" in symbol or "/" in symbol
    )
    powered = r"(?:km|cm|mm|nm|m|ft|in|yd|mi|s)\^?[23]"
    return rf"(?:(?:{several}|(?:{powered}|{one})(?:[/·](?:{powered}|{one}))?)(?!\w|\.\w)\.?)"


UNIT = _pattern()
FIRST_LETTERS = "".join({symbol[0].lower() for symbol in _units()})
