"""What a model is given of a record's text: commands, then the lexicon, then its front end."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from vvcli.errors import RecordError, UnavailableError
from vvcli.frontend.commands import Segment, parse_commands
from vvcli.frontend.front_end import FrontEnd
from vvcli.frontend.lexicon import Lexicon

# A scene break or a rule: no model has words for it.
_DECORATION = re.compile("[-\\s*_~=#|+.·•‣◦\u2010-\u2015\u2500-\u25ff]*")
_WORD = re.compile("[A-Za-z]{3}")
_MARKS = re.compile(r"[<\[`&]")  # with which words may be marks


class SpeaksText(Protocol):
    """A model's own front end, such as `FrontEnd`."""

    def speak(self, text: str) -> str:
        """What is spoken of `text`; "" for decoration; RecordError if it cannot be."""


@dataclass(frozen=True)
class SpokenText:
    """A record's text as it is spoken.

    `segments` have the text that the model's tokenizer gets, none of it blank except in a first
    one that is a pause.
    """

    segments: tuple[Segment, ...]
    respelled: int = 0  # words that the lexicon had

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to say, and no pause to make."""
        return not self.segments

    @property
    def has_commands(self) -> bool:
        """Whether a command is left in it: a pause or a voice."""
        return any(segment.pause or segment.voice for segment in self.segments)

    def __str__(self) -> str:
        """For people, manifests and hashes: the text, with pauses and voices as commands."""
        if not self.has_commands:
            return " ".join(segment.text for segment in self.segments)
        parts: list[str] = []
        voice: str | None = None
        for segment in self.segments:
            if segment.voice != voice:
                voice = segment.voice
                parts.append(f"[[voice {voice}]]")
            parts.append(segment.text)
            if segment.pause:
                parts.append(f"[[pause {float(segment.pause):.9g}s]]")
        return " ".join(filter(None, parts))


class TextReaders:
    """The reader for each voice of a model: the same but for its language.

    Args:
        normalizer: what the model's config says of its text: "english", or None for raw text.
        language: of voices that `languages` does not name.
        languages: of voices, by their names.
        lexicon: the user's respellings.
        commands: whether `[[...]]` is obeyed.

    Raises:
        UnavailableError: the normalizer or a language is unknown.
    """

    def __init__(
        self,
        normalizer: str | None = None,
        *,
        language: str = "en-US",
        languages: Mapping[str, str] | None = None,
        lexicon: Lexicon | None = None,
        commands: bool = True,
    ) -> None:
        if normalizer not in (None, "english"):
            raise UnavailableError(
                f"the model asks for the text normaliser {normalizer!r}; only 'english' is known"
            )
        self._languages = dict(languages or {})
        self._language = language
        self._readers = {
            each: TextReader(FrontEnd(each) if normalizer else None, lexicon, commands=commands)
            for each in {language, *self._languages.values()}
        }

    def __call__(self, voice: str | None = None) -> TextReader:
        """The reader for a voice of this name."""
        return self._readers[self._languages.get(voice or "", self._language)]


class TextReader:
    """Reads the text of records for one model.

    Args:
        front_end: the model's own; None for models that read raw text, as the published ones do.
        lexicon: the user's respellings.
        commands: whether `[[pause 1s]]` and its like are obeyed; otherwise they are text.
    """

    def __init__(
        self,
        front_end: SpeaksText | None = None,
        lexicon: Lexicon | None = None,
        *,
        commands: bool = True,
    ) -> None:
        self._front_end = front_end
        self._lexicon = lexicon or None
        self._commands = commands

    def segments(
        self, text: str, cut: Callable[[Segment], list[Segment]] | None = None
    ) -> tuple[list[Segment], int]:
        """`text` at its commands, its words respelled, and how many of them were.

        `cut` makes several segments of one, before it is respelled.
        """
        found = parse_commands(text) if self._commands and "[[" in text else [Segment(text)]
        if cut is not None:
            found = [piece for segment in found for piece in cut(segment)]
        if self._lexicon is None:
            return found, 0
        respelled = 0
        segments: list[Segment] = []
        for segment in found:
            spelled, count = self._lexicon.apply(segment.text)
            respelled += count
            segments.append(replace(segment, text=spelled))
        return segments, respelled

    def speak(self, text: str) -> str:
        """What the tokenizer gets for the text of a segment; "" if there is nothing to say.

        Raises:
            RecordError: it has words that the voice cannot say; they are named.
        """
        if self._front_end is None:
            return "" if _DECORATION.fullmatch(text) else text.strip()
        return self._front_end.speak(text)

    def is_blank(self, text: str) -> bool:
        """Whether there is nothing to say, and no pause to make: quick for what has words."""
        if not text.strip():
            return True
        if _WORD.search(text) and not (self._front_end and _MARKS.search(text)):
            return False
        if self._front_end is None:
            return _DECORATION.fullmatch(text) is not None
        try:
            return self.read(text).is_blank
        except RecordError:
            return False

    def read(self, text: str) -> SpokenText:
        """What is spoken of `text`.

        Raises:
            RecordError: it has words that the voice cannot say; they are named.
        """
        segments: list[Segment] = []
        found, respelled = self.segments(text)
        for segment in found:
            spoken = self.speak(segment.text)
            if spoken or (segment.pause and not segments):
                segments.append(replace(segment, text=spoken))
            elif segment.pause:
                last = segments[-1]
                segments[-1] = replace(last, pause=last.pause + segment.pause)
        return SpokenText(tuple(segments), respelled)
