"""Arithmetic and formulas: "2-1=1", "3*4", "x² + y²", "10⁶", "f(x)", "$x$", "√2"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import ascii_letters

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal, letters, ordinal
from vvcli.frontend.rule import Rule


@dataclass(frozen=True)
class Math:
    """What an operator, a power or a function is called."""

    said: str

    def words(self, british: bool) -> str:
        """As in "minus", "squared", "to the sixth"."""
        return self.said


_OPERATORS = {
    "-": Math("minus"),
    "–": Math("minus"),
    "*": Math("times"),
    "/": Math("divided by"),
    "+": Math("plus"),
    "·": Math("times"),
}


def _operator(match: re.Match[str], clause: Clause) -> Math | None:
    """A sign between operands, where it is no dash, bullet or slash of text."""
    sign, place, end = match["sign"], match.start(), match.end()
    before, after = clause.before(place), clause.after(end)
    if not (_is_operand(before) and _is_operand(after, "(")):
        return None
    if sign == "*" and clause.touches(place).isspace() != clause.follows(end).isspace():
        return None  # a mark at a number: 50* (32)
    if sign == "*" and not (before[-1].isdigit() or after[0].isdigit() or _equals(clause, place)):
        return None
    if sign == "/" and not _equals(clause, place):
        return None
    if sign in "-–" and not _equals(clause, place):
        spaced = clause.touches(place).isspace() and clause.follows(end).isspace()
        letters_beside = [c for c in (before, after) if len(c) == 1 and c.islower()]
        if not (spaced and letters_beside):
            return None
    return _OPERATORS[sign]


def _is_operand(text: str, bracket: str = ")") -> bool:
    return text in _VARIABLES or text == bracket or text.isdigit()


_VARIABLES = frozenset([*ascii_letters, *"πθλ√"])


def _equals(clause: Clause, place: int) -> bool:
    """Whether an equation goes on near by, so that a dash is a minus."""
    return "=" in clause.present and "=" in clause.text[max(0, place - 24) : place + 24]


def _power(match: re.Match[str], clause: Clause) -> Math | None:
    exponent = match["exponent"].strip("{}()")
    before = clause.token_before(match.start())
    if before is None or clause.touches(match.start()).isspace():
        return None
    is_word = before.kind == "word" and len(before.text) > 3
    if before.kind == "stop" or (is_word and exponent.isdigit()):
        return Math("")  # a footnote
    if exponent == "2":
        return Math("squared")
    if exponent == "3":
        return Math("cubed")
    if exponent.isdigit() and len(exponent) < 10:
        return Math(f"to the {ordinal(int(exponent))}")
    if exponent[:1] == "-" and exponent[1:].isdigit() and len(exponent) < 10:
        return Math(f"to the minus {cardinal(int(exponent[1:]))}")
    if exponent in ("+", "-"):
        return Math({"+": "plus", "-": "minus"}[exponent])
    if re.fullmatch(r"\d{1,3}[+-]", exponent):
        return Math(f"{cardinal(int(exponent[:-1]))} {'plus' if exponent[-1] == '+' else 'minus'}")
    return Math(f"to the {letters(exponent)}") if exponent.isalpha() else None


def _star_power(match: re.Match[str], clause: Clause) -> Math | None:
    before = clause.touches(match.start())
    if before == " " and match[0][2:3] == " " and _is_operand(clause.before(match.start())):
        return Math({"2": "squared", "3": "cubed"}.get(match["exponent"], "to the power of"))
    return _power(match, clause) if before.isalnum() or before == ")" else None


def _function(match: re.Match[str], clause: Clause) -> Math:
    return Math(f"{letters(match['name'])} of {letters(match['argument'])}")


def _inline(match: re.Match[str], clause: Clause) -> Math | None:
    """One letter or number between dollars, as in TeX."""
    return Math(letters(match["inside"]))


def _minus_letter(match: re.Match[str], clause: Clause) -> Math | None:
    before = clause.before(match.start())
    return Math("minus") if before in ("=", "(", "+", "*", "<", ">") else None


def _root(match: re.Match[str], clause: Clause) -> Math:
    return Math("square root of")


def _factorial(match: re.Match[str], clause: Clause) -> Math | None:
    """After a number or a variable in an equation: "5! = 120"."""
    before = clause.before(match.start())
    touches = clause.touches(match.start())
    return Math("factorial") if touches.strip() and _is_operand(before) else None


RULES = [
    Rule(re.compile(r"!(?=\s[=/×*+-]\s)"), _factorial, "!", needs="="),
    Rule(re.compile(r"\*\*\s?(?P<exponent>\d{1,9})(?!\w)"), _star_power, "*", shape=r"\*[ 0]"),
    Rule(
        re.compile(r"\^(?P<exponent>\{?[+-]?\d{1,9}\}?(?:[+-](?![\w(]))?|\{?[a-z]\}?(?!\w)|[+-])"),
        _power,
        "^",
    ),
    Rule(
        re.compile(r"(?P<name>[fghPp])\((?P<argument>[a-z])\)"), _function, "w", frozenset("fghp")
    ),
    Rule(re.compile(r"\$(?P<inside>[A-Za-z])\$(?!\w)"), _inline, "$", shape="[$]a"),
    Rule(re.compile(r"(?P<sign>[*+·])"), _operator, "*+·"),
    # In an equation, or apart: most hyphens and slashes are neither.
    Rule(re.compile(r"(?P<sign>[-–/])"), _operator, "-–/", needs="="),
    Rule(re.compile(r"(?P<sign>[-–])(?=\s)"), _operator, "-–", shape="[-–] "),
    Rule(re.compile(r"-(?=[A-Za-z](?!\w))"), _minus_letter, "-", shape="-a", needs="=(+*<>"),
    Rule(re.compile(r"√"), _root, "√"),
]
