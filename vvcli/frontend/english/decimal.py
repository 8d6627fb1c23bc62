"""Numbers with a decimal point, and powers of ten: "0.5", ".75", "3.2e-5", "±0.5"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal, number
from vvcli.frontend.english.patterns import plain
from vvcli.frontend.rule import Rule


@dataclass(frozen=True)
class Decimal:
    """A decimal number; `exponent` as in 3.2e-5."""

    number: str
    exponent: str = ""
    minus: bool = False
    is_code: bool = False  # part of a name, whose "e" is a letter

    def words(self, british: bool) -> str:
        """As in "minus three point two times ten to the minus five"."""
        said = "minus " * self.minus + number(self.number, british)
        if self.exponent:
            minus = "minus " * self.exponent.startswith("-")
            power = "e" if self.is_code else "times ten to the"
            said += f" {power} {minus}{cardinal(int(self.exponent.lstrip('+-')), british)}"
        return said


def _decimal(match: re.Match[str], clause: Clause) -> Decimal | None:
    before = clause.touches(match.start())
    if match["minus"] and before and not (before.isspace() or before in "([{=<>,:~/*^+±\"'"):
        return None
    if match["number"][0] == "." and before and (before.isalnum() or before in ")."):
        return None
    is_code = before.isalnum() or before in ("#", "_", "@")
    return Decimal(plain(match["number"]), match["exponent"] or "", bool(match["minus"]), is_code)


RULES = [
    Rule(
        re.compile(
            r"(?P<minus>(?<![\w)])-)?(?P<number>\d+(?:\.\d+)?)[eE](?P<exponent>[+-]?\d{1,3})(?![\w.]\w|\w)"
        ),
        _decimal,
        "0-",
        shape="0+(a|[.]0+(a|$))|-0",
        letters="e",
        needs="a",
    ),
    Rule(
        re.compile(
            r"(?P<minus>(?<![\w)])-)?(?P<number>\d{1,3}(?:,\d{2,3}){1,5}\.\d+|\d*\.\d+)(?P<exponent>)"
            r"(?![\d]|\.\d)"
        ),
        _decimal,
        "0-.",
        shape="0+(,00|[.]0+(?!0|[.]0))|[.]0|-[0.]",
        needs=".",
    ),
]
