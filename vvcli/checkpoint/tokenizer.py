"""Text to token ids, by the model's law: straight quotes, one line, plain BPE."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vvcli.checkpoint.character_tokens import CharacterTokenizer, character_tokenizer
from vvcli.checkpoint.tokenizer_json import encoding_part
from vvcli.errors import RecordError, UnavailableError, is_rust_panic

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Characters of a text that is only checked: the library needs two kilobytes for each token.
_PIECE = 1 << 14

_STRAIGHT = str.maketrans("‘’“”", "''\"\"")
_NO_TOKENS = "the tokenizer has no tokens for the text"


class TextTokenizer:
    """Encodes text as the model's front end has left it.

    Args:
        tokenizer: the library's, or one that does the same.
        lone_words: other words for what the model cannot say where it is the whole text, but for
            the stop at its end.
    """

    def __init__(
        self,
        tokenizer: Tokenizer | CharacterTokenizer,
        lone_words: Mapping[str, str] | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._lone_words = lone_words or {}

    @classmethod
    def from_json(
        cls,
        content: dict[str, Any],
        path: Path,
        vocab_size: int,
        lone_words: Mapping[str, str] | None = None,
    ) -> TextTokenizer:
        """The tokenizer of a model of `vocab_size` tokens from `content`, that of `path`.

        Raises:
            UnavailableError: it is damaged or of an unknown kind, or has more tokens than the
                model.
        """
        part = encoding_part(content, path, vocab_size)
        return cls(character_tokenizer(part) or build(part, path), lone_words)

    def encode(self, text: str) -> list[int]:
        """Token ids of `text` and its closing newline; never empty.

        The name of a special token, such as `<|endoftext|>`, is text like any other.

        Raises:
            RecordError: `text` has lone surrogates, so it is not Unicode text, or the model's
                tokenizer has no tokens for it.
        """
        said = text.rstrip(".?!")
        words = self._lone_words.get(said, said)
        ids = self._ids(_line(words + text[len(said) :]))
        if not ids:
            raise RecordError(_NO_TOKENS)
        return ids

    def check(self, text: str) -> None:
        """Find out, in little memory, whether `text` can be encoded.

        Raises:
            RecordError: as `encode`.
        """
        line = _line(text)
        pieces = (line[start : start + _PIECE] for start in range(0, len(line), _PIECE))
        if not sum(len(self._ids(piece)) for piece in pieces):
            raise RecordError(_NO_TOKENS)

    def _ids(self, line: str) -> list[int]:
        try:
            ids: list[int] = self._tokenizer.encode(line, add_special_tokens=False).ids
        except BaseException as error:
            if not isinstance(error, Exception) and not is_rust_panic(error):
                raise
            raise RecordError(f"the tokenizer cannot encode the text: {error}") from error
        return ids


def _line(text: str) -> str:
    line = text.translate(_STRAIGHT).strip() + "\n"
    try:
        line.encode()
    except UnicodeEncodeError as error:
        raise RecordError(
            f"the text is not valid Unicode at character {error.start + 1}: decode it as UTF-8"
        ) from error
    return line


def build(content: dict[str, Any], path: Path) -> Tokenizer:
    """The library's tokenizer for `content`, as `encoding_part` returns it.

    Raises:
        UnavailableError: the library refuses it.
    """
    from tokenizers import Tokenizer

    # `content` has no added tokens, so that their names are text like any other: a script that
    # mentions <|endoftext|> is spoken, not obeyed. `encode_special_tokens` would leave some of
    # Qwen's (<tool_call>, <|fim_prefix|>) active, which are added but not marked special.
    try:
        return Tokenizer.from_str(json.dumps(content))
    # The library's only exception class is Exception itself, and a panic is not even that.
    except BaseException as error:
        if not isinstance(error, Exception) and not is_rust_panic(error):
            raise
        raise UnavailableError(f"{path} is not a tokenizer: {error}") from error
