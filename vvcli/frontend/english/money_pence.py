"""Sums below a pound or a dollar: "50p", "99c"; in American also an hour, "at 7p"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal
from vvcli.frontend.english.time import Time
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, words


def _pence(match: re.Match[str], clause: Clause) -> Pence | Time | None:
    """ "50p" is a sum; "at 7p" is an evening hour where there are no pence."""
    count, before = int(match["number"]), clause.before(match.start()).lower()
    is_price = clause.after(match.end()).lower() in ("each", "per", "a", "/")
    if not clause.british and 1 <= count <= 12 and before in _HOUR_CUES and not is_price:
        return Time(count, half="pm")
    return None if before in words("english/sections") else Pence(count)


_HOUR_CUES = cues("money.hours")


@dataclass(frozen=True)
class Pence:
    """A sum below a pound or a dollar: "50p", "99c"."""

    count: int
    one: str = "penny"
    many: str = "pence"

    def words(self, british: bool) -> str:
        """As in "fifty pence"."""
        return f"{cardinal(self.count, british)} {self.one if self.count == 1 else self.many}"


def _cents(match: re.Match[str], clause: Clause) -> Pence | None:
    """Where something has this price: "99c each", "only 50c"."""
    before, after = clause.before(match.start()).lower(), clause.after(match.end()).lower()
    if before in words("english/sections") or after in ("°", "/"):
        return None
    is_alone = not before and after in ("", ".", "!", "?")
    is_price = before in cues("money.cents_before") or after in cues("money.cents_after")
    if not (is_price or (is_alone and int(match["number"]) > 9)):
        return None
    is_single = before in ("a", "an", "one") and after.isalpha()
    return Pence(int(match["number"]), "cent", "cent" if is_single else "cents")


RULES = [
    Rule(
        re.compile(r"(?P<number>\d{1,2})c(?!\w)"),
        _cents,
        "0",
        shape="0{1,2}a(?![0a_])",
        letters="c",
    ),
    Rule(
        re.compile(r"(?P<number>\d{1,2})p(?!\w)"),
        _pence,
        "0",
        shape="0{1,2}a(?![0a_])",
        letters="p",
    ),
]
