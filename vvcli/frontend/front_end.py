"""A text to what is spoken, clause by clause."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from vvcli.errors import RecordError, UnavailableError
from vvcli.frontend.characters import Cleaned, clean
from vvcli.frontend.classify import RuleBook
from vvcli.frontend.clause import Clause
from vvcli.frontend.english.plain import Unspeakable
from vvcli.frontend.item import Found, Item
from vvcli.frontend.languages import LANGUAGES
from vvcli.frontend.tables import words
from vvcli.frontend.tokenize import Token
from vvcli.frontend.verbalize import verbalize

MAX_CLAUSE = 4096  # characters; no text is worked on in larger pieces
_SENTENCE = re.compile(r"[.?!]['\")\]]*\s")
_MAX_NAMED = 5  # words in an error


@dataclass(frozen=True)
class Reading:
    """A text and how it is read."""

    text: str
    items: tuple[Item, ...]
    spoken: str  # "" if there is nothing to say
    unspeakable: tuple[str, ...] = ()  # words in a script that the voice cannot say
    british: bool = False


class FrontEnd:
    """Reads English for a voice that knows lower-case letters, spaces and `',.?!`."""

    def __init__(self, language: str = "en-US") -> None:
        if language not in LANGUAGES:
            known = " and ".join(LANGUAGES)
            raise UnavailableError(f"the language {language!r} is unknown: {known} can be read")
        self.language = language
        self._british = language == "en-GB"
        self.rules = _rules()

    def speak(self, text: str) -> str:
        """What is spoken of `text`; "" if it only decorates.

        >>> FrontEnd().speak("Dr. Núñez paid $1,250.50 on 3/14/2026.")[:34]
        'doctor nunez paid one thousand two'

        Raises:
            RecordError: it has words in a script that the voice cannot say; they are named.
        """
        parts, unspeakable = [], []
        for items, _, _ in self._items(text):
            unspeakable += _unspeakable(items)
            parts.append(verbalize(items, self._british))
        refuse(unspeakable)
        return _joined(parts)

    def read(self, text: str) -> Reading:
        """`text` with its items. Never fails: see `Reading.unspeakable`."""
        items: list[Item] = []
        parts = []
        for found, cleaned, start in self._items(text):
            items += _placed(found, cleaned, start)
            parts.append(verbalize(found, self._british))
        return Reading(
            text, tuple(items), _joined(parts), tuple(_unspeakable(items)), self._british
        )

    @staticmethod
    def tokens(text: str) -> list[Token]:
        """The tokens of a text that is no longer than a clause."""
        return Clause(clean(text).text).tokens

    def _items(self, text: str) -> Iterator[tuple[list[Found], Cleaned, int]]:
        start = 0
        for piece in clauses(text):
            cleaned = clean(piece)
            clause = Clause(
                cleaned.text,
                starters=words("english/starters"),
                continuers=words("english/after_abbreviation"),
                british=self._british,
                is_first=start == 0,
                is_last=start + len(piece) == len(text),
            )
            yield self.rules.classify(clause), cleaned, start
            start += len(piece)


def clauses(text: str) -> Iterator[str]:
    """`text` in pieces of at most MAX_CLAUSE characters, cut after a sentence or at a space."""
    start = 0
    while len(text) - start > MAX_CLAUSE:
        window = text[start : start + MAX_CLAUSE]
        ends = [match.end() for match in _SENTENCE.finditer(window)]
        cut = ends[-1] if ends else window.rfind(" ") + 1
        cut = cut or MAX_CLAUSE
        yield window[:cut]
        start += cut
    yield text[start:]


def refuse(words: list[str]) -> None:
    """Raise an error that names `words`, if there are any.

    Raises:
        RecordError: there are.
    """
    if words:
        named = list(dict.fromkeys(word[:40] for word in words))
        shown = ", ".join(named[:_MAX_NAMED]) + (" …" if len(named) > _MAX_NAMED else "")
        raise RecordError(f"this voice speaks English and cannot say: {shown}")


def _unspeakable(items: Iterable[Found]) -> list[str]:
    return [text for value, text, _, _ in items if isinstance(value, Unspeakable)]


def _joined(parts: list[str]) -> str:
    """The parts, which are tidy: none begins with a stop."""
    return " ".join(filter(None, parts))


def _placed(items: list[Found], cleaned: Cleaned, start: int) -> list[Item]:
    """Items with their places in the source."""
    return [
        Item(value, text, start + cleaned.source(place), stop) for value, text, place, stop in items
    ]


@cache
def _rules() -> RuleBook:
    from vvcli.frontend.english.rules import english

    return english()
