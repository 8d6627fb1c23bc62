"""Pieces of patterns that several classes share, and questions they all ask."""

from __future__ import annotations

import re

# 1,234,567.89, 1,00,000 and 1'000 with their groups, else digits with a decimal point.
NUMBER = (
    r"(?:\d{1,3}(?:,\d{2,3}){0,5},\d{3}(?:\.\d+)?(?![\d,]\d)|\d{1,3}(?:'\d{3}){1,5}(?!\d)"
    r"|\d+\.\d+|\d+|\.\d+)"
)
# 10,5 and 1.234,56, where what follows says that it is a number: no thousands have such a comma.
EUROPEAN = r"(?<![\d,.])(?:\d{1,3}(?:\.\d{3}){1,4},\d{1,2}|\d{1,4},\d{1,2}|0,\d{3})(?![\d,]|\.\d)"
DASH = r"\s?(?:--?|–|—)\s?"
SUFFIX = r"(?:st|nd|rd|th|ST|ND|RD|TH)"
NTH = r"\d{1,3}(?:st|nd|rd|th)"
# Behind a point of the compass: " 57th St", " Main Street".
STREET = (
    rf"\s(?:{NTH}|[A-Z][a-z]{{2,15}})\s"
    r"(?:St|Street|Ave|Avenue|Rd|Road|Blvd|Boulevard|Dr|Drive|Ln|Lane|Way|Ct|Court|Pkwy|Hwy)(?!\w)"
)
EARLIEST, LATEST = 1100, 2099  # four digits that are read as a year wherever they stand


def plain(number: str) -> str:
    """A number without the signs between its groups."""
    return number.replace(",", "").replace("'", "")


def point(number: str) -> str:
    """A number with a decimal point, whichever sign it is written with; see `EUROPEAN`."""
    if _COMMA.fullmatch(number):
        return number.replace(".", "").replace(",", ".")
    return plain(number)


_COMMA = re.compile(EUROPEAN)


def is_one(number: str) -> bool:
    """Whether a unit after it stays singular."""
    return plain(number).lstrip("0") in ("1", "1.", "1.0", "1.00")


def alternatives(words: list[str] | set[str] | frozenset[str]) -> str:
    """A pattern for any of `words`, longer ones first.

    Words that begin alike share that beginning: of a hundred units few are tried, not all.

    >>> alternatives(["m", "mi", "min", "km"])
    'km|m(?:i(?:n)?)?'
    """
    beginnings: dict[str, list[str]] = {}
    for word in sorted(set(words)):
        beginnings.setdefault(word[0], []).append(word[1:])
    return "|".join(re.escape(first) + _rest(rests) for first, rests in beginnings.items())


def _rest(words: list[str]) -> str:
    longer = [word for word in words if word]
    if not longer:
        return ""
    return f"(?:{alternatives(longer)})" + "?" * (len(longer) < len(words))


def is_year_like(number: str) -> bool:
    """Whether four digits are read as a year wherever they stand."""
    return len(number) == 4 and number.isdigit() and EARLIEST <= int(number) <= LATEST
