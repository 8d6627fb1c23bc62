"""Formulas of chemistry: "NaCl", "CH3COOH", "Ca(OH)2", "Fe3+", "U-235"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal, grouped, letters
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues

ELEMENTS = cues("chemistry.elements")
_NAMES = cues("chemistry.names")  # words that look like a formula
_LAST = cues("chemistry.last")  # what a formula without numbers ends with
_IONS = cues("chemistry.ions")


@dataclass(frozen=True)
class Chemistry:
    """A formula, an ion or an isotope."""

    formula: str
    charge: str = ""
    mass: str = ""

    def words(self, british: bool) -> str:
        """As in "c a o h two", "f e three plus", "u two thirty five"."""
        said = []
        for piece in re.findall(r"\d+|[A-Za-z]+", self.formula):
            said.append(cardinal(int(piece)) if piece.isdigit() else letters(piece))
        for c in self.charge:
            said.append({"+": "plus", "-": "minus"}.get(c) or letters(c))
        if self.mass:
            said.append(grouped(self.mass))
        return " ".join(said)


def _formula(match: re.Match[str], clause: Clause) -> Chemistry | None:
    written = match[0]
    symbols = re.findall("[A-Z][a-z]?", written)
    if clause.touches(match.start()).isalpha() or not ELEMENTS.issuperset(symbols):
        return None
    has_number = any(c.isdigit() for c in written)
    if len(symbols) < 2 or written in _NAMES or re.fullmatch("[A-Z]+s", written):
        return None
    if not has_number and (written.isupper() or "(" in written or symbols[-1] not in _LAST):
        return None
    if has_number and not re.search("[a-z(]|[A-Z]{3}", written):
        return None  # "C3PO" and "B2B" are read as letters anyway
    return Chemistry(written)


def _ion(match: re.Match[str], clause: Clause) -> Chemistry | None:
    symbol, charge = match["symbol"], match["charge"]
    is_ion = symbol in _IONS and not clause.touches(match.start()).isalnum()
    return Chemistry(symbol, charge.lstrip("^")) if is_ion else None


def _isotope(match: re.Match[str], clause: Clause) -> Chemistry | None:
    touches = clause.touches(match.start())
    is_name = touches.isalnum() or touches in ("-", "/")
    return None if touches and is_name else Chemistry(match["symbol"], mass=match["mass"])


_PIECE = r"[A-Z][a-z]?\d{0,2}"
_ISOTOPES = "U|Pu|Cs|Sr|Co|Tc|Am|Th|Po|Ir|Xe"

RULES = [
    Rule(
        re.compile(rf"(?=((?:{_PIECE}|\((?:{_PIECE}){{1,6}}\)\d{{1,2}}){{2,12}}))\1(?!\w)"),
        _formula,
        "C",
        shape="aa|a[0(]",
    ),
    Rule(
        re.compile(r"(?P<symbol>[A-Z][a-z]?)(?P<charge>\^?[1-4]?[+-])(?![\w+-])"),
        _ion,
        "C",
        frozenset(symbol.lower() for symbol in _IONS),
        shape="a+[0^+-]",
    ),
    Rule(
        re.compile(rf"(?P<symbol>{_ISOTOPES})-(?P<mass>\d{{2,3}})(?![\w-]|[.,]\d)"),
        _isotope,
        "C",
        frozenset(_ISOTOPES.lower().split("|")),
        shape="a+-0",
    ),
]
