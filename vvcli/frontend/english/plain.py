"""Words that are read as they are, letters of other scripts by name, and what cannot be said."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal
from vvcli.frontend.tables import mapping
from vvcli.frontend.tokenize import Token


@dataclass(frozen=True)
class Plain:
    """A word, in lower case and without accents."""

    word: str

    def words(self, british: bool) -> str:
        """The word."""
        return self.word


@dataclass(frozen=True)
class Unspeakable:
    """A word in a script that the voice cannot say."""

    word: str

    def words(self, british: bool) -> str:
        """Nothing: the record fails, and names the word."""
        return ""


@dataclass(frozen=True)
class Named:
    """A letter of another script that has an English name."""

    names: tuple[str, ...]

    def words(self, british: bool) -> str:
        """As in "alpha"."""
        return " ".join(self.names)


def plain(token: Token, clause: Clause) -> Plain | Unspeakable | Named:
    """What a word is that no rule took."""
    text = token.text
    if text.isascii():
        return Plain(text.lower())
    named = mapping("english/letters_named")
    if all(character in named for character in text):
        # One or two are letters of a formula; more are a word of their own language.
        return Named(tuple(named[c] for c in text)) if len(text) <= 2 else Unspeakable(text)
    return _latin(text, tuple(named.items()) if any(c in named for c in text) else ())


@lru_cache(4096)
def _latin(text: str, named: tuple[tuple[str, str], ...]) -> Plain | Unspeakable | Named:
    names = dict(named)
    parts: list[str] = []
    for character in text:
        if character in names:
            parts.append(f" {names[character]} ")
        elif character.isascii() or _is_latin(character):
            parts.append(character)
        elif character.isnumeric() and not character.isalpha():
            value = unicodedata.numeric(character)
            parts.append(f" {cardinal(int(value))} " if value == int(value) else " ")
        elif unicodedata.category(character) not in ("Lm", "Mn", "Mc"):
            return Unspeakable(text)
    from anyascii import anyascii  # 40 ms, and few texts have accents

    said = "".join(part if part.isascii() else anyascii(part) for part in parts).lower()
    kept = "".join(c for c in said if "a" <= c <= "z" or c in "' ")
    return Plain(" ".join(kept.split()))


def without_accents(text: str) -> str:
    """`text` in ASCII: letters of Latin without their accents, and no others.

    >>> without_accents("/Øresund/中/é")
    '/Oresund//e'
    """
    if text.isascii():
        return text
    from anyascii import anyascii

    return "".join(c if c.isascii() else anyascii(c) if _is_latin(c) else "" for c in text)


def _is_latin(character: str) -> bool:
    return unicodedata.name(character, "").startswith("LATIN")
