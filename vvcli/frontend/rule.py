"""Rules: a pattern for the tokens of an item, and what tells early where it cannot match."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from vvcli.frontend.clause import Clause
from vvcli.frontend.item import Value

MAX_PLACES = 1 << 14  # kept in mind; a server may meet any number of them

# What many patterns begin with. They are not tried after these characters: in a long run of letters
# and signs they are most of those that would be.
_APART = r"(?<![\w.@/-])"


class Rule(NamedTuple):
    """Tokens that match `pattern` are what `make` says; None declines."""

    pattern: re.Pattern[str]
    make: Callable[[re.Match[str], Clause], Value | None]
    # Where a match may begin: "0" a number, "w" a word, "C" a word with a capital, else the first
    # character of a sign.
    starts: str
    # Words, in lower case, that a match may begin with; numbers, where it may begin with no word.
    vocabulary: frozenset[str] | None = None
    # When the full stop that ends a match is the sentence's too: see `Clause.ends_sentence`.
    # None: the pattern takes no full stop of a sentence.
    stop: str | None = None
    # A pattern for the shape of the first token and of seven characters after it, two after a word
    # of several letters: as many zeros as a number has digits, six at most; "a" for a letter, so
    # "aa" for a word, and "a'" for one like "I'm"; " " for a space, others themselves. A rule is
    # not even tried elsewhere: most tokens cost a look into a table.
    shape: str = ""
    # Letters, in lower case, that the word begins with, or that the one after a number is of.
    letters: str = ""
    needs: str = ""  # characters, a letter as "a": it matches no clause that has none of them


# What finds a match, makes its value, and says how its full stop ends sentences.
Candidate = tuple[
    Callable[[str, int], "re.Match[str] | None"],
    Callable[["re.Match[str]", Clause], Value | None],
    str | None,
]


class Starting:
    """The rules that may begin with some kind of token."""

    def __init__(self, rules: list[Rule], needs: tuple[str, ...]) -> None:
        self._rules = [
            (rule, _shape(rule.shape), _stands_apart(rule.pattern), _bit(rule.needs, needs))
            for rule in rules
        ]
        self._needed = 0
        for _, _, _, need in self._rules:
            self._needed |= need
        self._found: dict[tuple[str, str, bool, int], tuple[Candidate, ...]] = {}

    def find(self, shape: str, letter: str, is_glued: bool, missing: int) -> tuple[Candidate, ...]:
        """Those that may begin at such a place."""
        missing &= self._needed
        key = (shape, letter, is_glued, missing)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= MAX_PLACES:
                self._found.clear()
            found = self._found[key] = tuple(
                (rule.pattern.match, rule.make, rule.stop)
                for rule, fits, stands_apart, need in self._rules
                if not (need & missing or (is_glued and stands_apart))
                and not (letter and rule.letters and letter not in rule.letters)
                and (fits is None or fits(shape))
            )
        return found


@cache
def _stands_apart(pattern: re.Pattern[str]) -> bool:
    return pattern.pattern.startswith(_APART)


@cache
def _bit(need: str, needs: tuple[str, ...]) -> int:
    return 1 << needs.index(need) if need else 0


@cache
def _shape(pattern: str) -> Callable[[str], re.Match[str] | None] | None:
    """What finds such shapes; None if any will do."""
    return cache(re.compile(pattern).match) if pattern else None
