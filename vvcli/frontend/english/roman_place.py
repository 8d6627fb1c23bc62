"""Numerals that number a place in a text: "(ii)", "II. Methods", "I-IV", "III.i.56"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal
from vvcli.frontend.english.roman_value import NUMERAL, value
from vvcli.frontend.rule import Rule


@dataclass(frozen=True)
class Listed:
    """A numeral that numbers a point: "ii." at the start."""

    number: int

    def words(self, british: bool) -> str:
        """The number."""
        return cardinal(self.number)


@dataclass(frozen=True)
class Span:
    """From one numeral to another: "I-IV"."""

    first: int
    last: int

    def words(self, british: bool) -> str:
        """As in "one to four"."""
        return f"{cardinal(self.first)} to {cardinal(self.last)}"


def _span(match: re.Match[str], clause: Clause) -> Span | None:
    first, last = value(match["first"].upper()), value(match["last"].upper())
    if first is None or last is None or first >= last:
        return None
    return Span(first, last)


def _listed(match: re.Match[str], clause: Clause) -> Listed | None:
    number = value(match[0].upper())
    if number is None or clause.touches(match.start()) != "(" or clause.follows(match.end()) != ")":
        return None
    return Listed(number)


def _headed(match: re.Match[str], clause: Clause) -> Listed | None:
    """A numeral before a heading: "II. Methods"."""
    number, before = value(match[0]), clause.text[: min(match.start(), 8)]
    is_first = clause.is_first and match.start() < 8 and not before.strip(" #*>_")
    return Listed(number) if number is not None and is_first else None


@dataclass(frozen=True)
class Lines:
    """A line of a play, or a scene: "III.i.56", "III.i"."""

    act: int
    scene: int
    line: int = 0

    def words(self, british: bool) -> str:
        """As in "three one fifty six"."""
        return " ".join(cardinal(n, british) for n in (self.act, self.scene, self.line) if n)


def _lines(match: re.Match[str], clause: Clause) -> Lines | None:
    act, scene = value(match["act"]), value(match["scene"].upper())
    return Lines(act, scene, int(match["line"] or 0)) if act and scene else None


RULES = [
    Rule(re.compile(r"[ivx]{2,5}(?!\w)"), _listed, "w", shape="aa", letters="ivx"),
    Rule(
        re.compile(r"(?P<act>[IVX]{1,4})\.(?P<scene>[ivx]{1,4})(?:\.(?P<line>\d{1,3}))?(?!\w)"),
        _lines,
        "C",
        shape="a+[.]a",
        letters="ivx",
    ),
    Rule(re.compile(r"[IVX]{2,6}(?=\.\s[A-Z])"), _headed, "C", shape="aa[.]", letters="ivx"),
    Rule(
        re.compile(rf"(?P<first>{NUMERAL})[-–](?P<last>[IVXLCDM]{{1,9}}|[ivxl]{{1,9}})(?![\w-])"),
        _span,
        "w",
        shape="a+[-–]",
        letters="ivxlcdm",
    ),
]
