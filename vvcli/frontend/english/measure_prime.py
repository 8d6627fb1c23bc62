"""One sign for minutes and feet: "bake 5'", "a 5' pause", "78' Kane", "a 6' wall"."""

from __future__ import annotations

import re

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.cardinal import Cardinal
from vvcli.frontend.english.measure import Measure
from vvcli.frontend.english.number_words import cardinal, ordinal
from vvcli.frontend.english.units import Unit
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, words

_MINUTE, _FOOT = Unit("minute", "minutes"), Unit("foot", "feet")
_ARTICLES = ("a", "an", "the", "each", "every", "one", "two", "three", "four")
_LASTING = cues("minute.lasting")  # what lasts: "a 5' walk"
_DONE = cues("minute.done")  # what is done for some minutes: "bake 5'"
_GAME = cues("minute.game")


class MinuteOfGame(Cardinal):
    """When something happened in a game: "78' Kane"."""

    def words(self, british: bool) -> str:
        """As in "seventy eighth minute"."""
        return f"{ordinal(int(self.number), british)} minute"


def _prime(match: re.Match[str], clause: Clause) -> Measure | Cardinal | None:
    if clause.touches(match.start()).isalnum():
        return None
    number, after = match["number"], clause.after(match.end())
    before = clause.before(match.start()).lower()
    is_game = after.istitle() or after.lower() in _GAME or before in _GAME
    if match["added"]:
        if not is_game:
            return None
        said = f"plus {cardinal(int(match['added']))} minute"
        return Cardinal(number, said if after == "mark" else f"{said}s")  # 45+2'
    if after.lower() in _LASTING:
        return Measure(number, _MINUTE, singular=True)
    if before in _DONE or (before == "for" and clause.before(match.start(), 2).lower() in _DONE):
        return Measure(number, _MINUTE)
    if is_game and int(number) <= 120:
        return MinuteOfGame(number)
    is_noun = after.isalpha() and after.islower() and after not in words("english/after_measure")
    return Measure(number, _FOOT, singular=True) if before in _ARTICLES and is_noun else None


RULES = [
    Rule(
        re.compile(r"(?P<number>\d{1,3})(?:\+(?P<added>\d{1,2}))?'(?![\w'\"]|\s?\d)"),
        _prime,
        "0",
        shape="0{1,3}('|[+]0{1,2}')",
        needs="'",
    ),
]
