"""Sums below a pound: "50p"; in American also an hour, "at 7p"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.classify import Rule
from vvcli.frontend.clause import Clause
from vvcli.frontend.english.money import Amount, Money
from vvcli.frontend.english.number_words import cardinal
from vvcli.frontend.english.time import Time
from vvcli.frontend.tables import cues, words


def _pence(match: re.Match[str], clause: Clause) -> Money | Time | None:
    """ "50p" is a sum; "at 7p" is an evening hour where there are no pence."""
    count, before = int(match["number"]), clause.before(match.start()).lower()
    is_price = clause.after(match.end()).lower() in ("each", "per", "a", "/")
    if not clause.british and 1 <= count <= 12 and before in _HOUR_CUES and not is_price:
        return Time(count, half="pm")
    return None if before in words("english/sections") else Pence(count)


_HOUR_CUES = cues("money.hours")


@dataclass(frozen=True)
class Pence(Money):
    """A sum below a pound: "50p"."""

    def __init__(self, count: int) -> None:
        super().__init__(Amount(f"0.{count:02}" if count < 100 else str(count)), "£")
        object.__setattr__(self, "count", count)

    def words(self, british: bool) -> str:
        """As in "fifty pence"."""
        count = int(self.amount.number.removeprefix("0."))
        return f"{cardinal(count, british)} {'penny' if count == 1 else 'pence'}"


RULES = [
    Rule(re.compile(r"(?P<number>\d{1,2})p(?!\w)"), _pence, "0", shape="0{1,2}a", letters="p"),
]
