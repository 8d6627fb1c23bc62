"""Words that are read as they are, letters of other scripts by name, and what cannot be said."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, mapping, words
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
    """What a word is that no rule took, and that is not ASCII."""
    text = token.text
    if len(text) == 1 and text in words("english/faces") and _is_in_face(token, clause):
        return Plain("")
    named = mapping("english/letters_named")
    if all(character in named for character in text):
        # One or two are letters of a formula; more are a word of their own language.
        return Named(tuple(named[c] for c in text)) if len(text) <= 2 else Unspeakable(text)
    return _latin(text, tuple(named.items()) if any(c in named for c in text) else ())


def _is_in_face(token: Token, clause: Clause) -> bool:
    """Whether signs touch it, so that it draws an eye or an arm: "(ツ)"."""
    around = clause.touches(token.start) + clause.follows(token.end)
    return any(not (c.isalnum() or c.isspace() or c in ".,;:!?'\"-") for c in around)


@dataclass(frozen=True)
class Broken:
    """A word that the end of a line cut in two: "govern-", "ment"."""

    parts: tuple[str, ...]

    def words(self, british: bool) -> str:
        """The whole word."""
        return "".join(self.parts)


def _broken(match: re.Match[str], clause: Clause) -> Broken | None:
    first, last = match["first"], match["last"]
    is_compound = first in words("english/common_words") or first in cues("plain.compounds")
    if is_compound or clause.touches(match.start()) == "-" or clause.follows(match.end()) == "-":
        return None
    return Broken((first, last))


RULES = [
    Rule(
        re.compile(r"(?P<first>[a-z]{2,20})-\n[ \t]{0,20}(?P<last>[a-z]{2,20})(?![\w'])"),
        _broken,
        "w",
        shape="a- ",
    ),
    Rule(
        re.compile(r"(?P<first>[A-Z][a-z]{1,20})-\n[ \t]{0,20}(?P<last>[a-z]{2,20})(?![\w'])"),
        lambda m, c: Broken((m["first"].lower(), m["last"])),
        "C",
        shape="a- ",
    ),
]


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
