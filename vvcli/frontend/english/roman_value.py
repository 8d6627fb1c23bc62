"""The letters of Roman numerals, and their value."""

from __future__ import annotations

import re
from functools import lru_cache

NUMERAL = r"(?:[IVXLCDM]{1,9}|[ivxlcdm]{1,9})"  # a pattern for letters that may be one

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_VALID = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")


@lru_cache(4096)
def value(numeral: str) -> int | None:
    """The number of a Roman numeral in capitals; None if it is none.

    >>> value("XIV"), value("IIII")
    (14, None)
    """
    if not numeral or not _VALID.fullmatch(numeral):
        return None
    total = 0
    for i, letter in enumerate(numeral):
        worth = _VALUES[letter]
        is_less = i + 1 < len(numeral) and worth < _VALUES[numeral[i + 1]]
        total += -worth if is_less else worth
    return total
