"""Results of games: "won 3-2", "3-0", "a 21-14 win"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal
from vvcli.frontend.english.range import is_equation
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues

_CUES = cues("score.cues")


@dataclass(frozen=True)
class Score:
    """The points of both sides."""

    first: int
    second: int

    def words(self, british: bool) -> str:
        """As in "three to zero", or "three nil" in Britain."""
        if british:
            return " ".join(cardinal(n, british) if n else "nil" for n in (self.first, self.second))
        return f"{cardinal(self.first)} to {cardinal(self.second)}"


def _score(match: re.Match[str], clause: Clause) -> Score | None:
    if is_equation(match, clause) or clause.touches(match.start()) in ("-", "–", "/", ".", "+"):
        return None
    first, second = match["first"], match["second"]
    if (len(first) > 1 and first[0] == "0") or (len(second) > 1 and second[0] == "0"):
        return None
    near = {clause.before(match.start(), n).lower() for n in (1, 2)}
    near.add(clause.after(match.end()).lower())
    if "0" not in (first, second) and not near & _CUES:
        return None
    return Score(int(first), int(second))


@dataclass(frozen=True)
class Wickets:
    """The runs of a side at cricket, and how many of its wickets fell."""

    runs: int
    wickets: int
    declared: bool = False

    def words(self, british: bool) -> str:
        """As in "two hundred eighty seven for four declared"."""
        said = f"{cardinal(self.runs, british)} for {cardinal(self.wickets, british)}"
        return f"{said} declared" if self.declared else said


RULES = [
    Rule(
        re.compile(r"(?P<runs>\d{2,3})/(?P<wickets>\d)d(?!\w)"),
        lambda m, c: Wickets(int(m["runs"]), int(m["wickets"]), declared=True),
        "0",
        shape="0{2,3}/0a(?![0a_])",
    ),
    Rule(
        re.compile(
            r"(?P<runs>\d{2,3})[/-](?P<wickets>\d|10)(?=\s(?:\(\d{1,3}(?:\.\d)?\s?ov|dec\b|declared|"
            r"off \d|(?:in|after) \d{1,3}(?:\.\d)? overs))"
        ),
        lambda m, c: Wickets(int(m["runs"]), int(m["wickets"])),
        "0",
        shape="0{2,3}[/-]0{1,2} ",
    ),
    Rule(
        re.compile(r"(?P<first>\d{1,3})[-–](?P<second>\d{1,3})(?![\w%]|[-–/]\w|[.,:]\d|\s?=)"),
        _score,
        "0",
        shape="0{1,3}[-–]0{1,3}(?![0a%_]|[-–/][0a]|[.,:]0)",
    ),
]
