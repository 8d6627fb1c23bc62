"""Time zones by their distance from Greenwich: "+0200", "GMT-3", "09:05-05:00"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal
from vvcli.frontend.rule import Rule


@dataclass(frozen=True)
class Offset:
    """How far a time zone is from Greenwich."""

    sign: str
    hour: int
    minute: int
    zone: str = ""  # where it is not written

    def words(self, british: bool) -> str:
        """As in "u t c plus two"."""
        said = [self.zone]
        if self.hour or self.minute:
            said += [{"+": "plus"}.get(self.sign, "minus"), cardinal(self.hour)]
        if self.minute:
            said.append(cardinal(self.minute))
        return " ".join(filter(None, said))


def _offset(match: re.Match[str], clause: Clause) -> Offset | None:
    touches = clause.touches(match.start())
    if touches in ("C", "T", "Z") and clause.before(match.start()) in ("UTC", "GMT", "Z"):
        return Offset(match["sign"], int(match["hour"]), int(match["minute"] or 0))
    if clause.previous != "Time" or not match["minute"] or len(match["hour"]) != 2:
        return None
    return Offset(match["sign"], int(match["hour"]), int(match["minute"]), "u t c")


RULES = [
    Rule(
        re.compile(
            r"(?:(?<=[CTZ])|(?=.\d\d:?\d\d))"  # UTC+1, and 09:05-05:00
            r"(?P<sign>[-+–])(?P<hour>[01]?\d)(?::?(?P<minute>[0-5]\d))?(?![\w]|[.:,]\d)"
        ),
        _offset,
        "-+–",
        shape="[-+–]0",
    ),
]
