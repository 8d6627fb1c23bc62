"""A rule of a language: what it matches, what that means, and where it is tried."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, Protocol

from vvcli.frontend.clause import Clause, class_name


class Value(Protocol):
    """What an item means: an instance of its class, as in `Time(9, 5, "pm")`."""

    def words(self, british: bool) -> str:
        """How it is said, in lower case; stops and commas may stand after words."""


class Rule(NamedTuple):
    """Tokens that match `pattern` are what `make` says; None declines."""

    pattern: re.Pattern[str]
    make: Callable[[re.Match[str], Clause], Value | None]
    # Where a match may begin: "0" a number, "w" a word, "C" a word with a capital, else the first
    # character of a sign.
    starts: str
    vocabulary: frozenset[str] | None = None  # words, in lower case, that a match may begin with
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


class Item(NamedTuple):
    """Some tokens of a clause and what they mean."""

    value: Value
    text: str
    start: int  # in the clause
    stop: bool = False  # the full stop it ends with also ends the sentence

    @property
    def name(self) -> str:
        """The name of its class: of the file that holds it, up to an underscore."""
        return class_name(type(self.value))

    def words(self, british: bool = False) -> str:
        """How it is said."""
        return self.value.words(british) + "." if self.stop else self.value.words(british)
