"""The settings of the text front end in a model's config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vvcli.errors import UnavailableError
from vvcli.frontend.lexicon import Lexicon
from vvcli.frontend.text_reader import TextReaders

DEFAULT_LANGUAGE = "en-US"


@dataclass(frozen=True)
class TextConfig:
    """Settings of the text front end; published models are given the raw text."""

    normalizer: str | None = None
    language: str = DEFAULT_LANGUAGE
    languages: Mapping[str, str] = field(default_factory=dict)  # of voices, by their names
    lone_words: Mapping[str, str] = field(default_factory=dict)  # see `TextTokenizer`

    def readers(
        self,
        lexicon: Lexicon | None = None,
        *,
        commands: bool = True,
        language: str | None = None,
    ) -> TextReaders:
        """The reader of each voice, with what the user asks for; see `TextReaders`.

        Raises:
            UnavailableError: the normalizer or a language is unknown.
        """
        return TextReaders(
            self.normalizer,
            language=language or self.language,
            languages={} if language else self.languages,
            lexicon=lexicon,
            commands=commands,
        )


def parse_text_config(config: Mapping[str, Any], path: Path) -> TextConfig:
    """The keys `text_normalizer`, `language`, `voice_languages` and `lone_words` of `config`.

    It was read from `path`.

    Raises:
        UnavailableError: one of them is of another type.
    """
    normalizer, language = config.get("text_normalizer"), config.get("language", DEFAULT_LANGUAGE)
    languages = config.get("voice_languages", {})
    if not (normalizer is None or type(normalizer) is str):
        raise _wrong(path, "text_normalizer", "a name")
    if type(language) is not str:
        raise _wrong(path, "language", "a language tag")
    if type(languages) is not dict or not all(map(_is_text, languages.values())):
        raise _wrong(path, "voice_languages", "an object of language tags")
    lone_words = config.get("lone_words", {})
    if type(lone_words) is not dict or not all(map(_is_text, lone_words.values())):
        raise _wrong(path, "lone_words", "an object of words")
    return TextConfig(normalizer, language, languages, lone_words)


def _is_text(value: Any) -> bool:
    return type(value) is str


def _wrong(path: Path, key: str, what: str) -> UnavailableError:
    return UnavailableError(f"{path}: {key} is not {what}")
