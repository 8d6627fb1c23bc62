"""Text to token ids, by the model's law: straight quotes, one line, plain BPE."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vvcli.checkpoint.folder import read_config, read_json, read_preprocessor
from vvcli.checkpoint.hub import cached_file
from vvcli.checkpoint.tokenizer_json import MAX_TOKENIZER_BYTES, encoding_part
from vvcli.errors import RecordError, UnavailableError, is_rust_panic, unreadable_as

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DEFAULT_REPOSITORY = "Qwen/Qwen2.5-0.5B"

_STRAIGHT = str.maketrans("‘’“”", "''\"\"")


class TextTokenizer:
    """Encodes text as the model's front end has left it."""

    def __init__(self, bpe: Tokenizer) -> None:
        self._bpe = bpe

    def encode(self, text: str) -> list[int]:
        """Token ids of `text` and its closing newline; never empty.

        The name of a special token, such as `<|endoftext|>`, is text like any other.

        Raises:
            RecordError: `text` has lone surrogates, so it is not Unicode text, or the model's
                tokenizer has no tokens for it.
        """
        line = text.translate(_STRAIGHT).strip() + "\n"
        try:
            line.encode()
        except UnicodeEncodeError as error:
            raise RecordError(
                f"the text is not valid Unicode at character {error.start + 1}: decode it as UTF-8"
            ) from error
        try:
            ids: list[int] = self._bpe.encode(line, add_special_tokens=False).ids
        except BaseException as error:
            if not isinstance(error, Exception) and not is_rust_panic(error):
                raise
            raise RecordError(f"the tokenizer cannot encode the text: {error}") from error
        if not ids:
            raise RecordError("the tokenizer has no tokens for the text")
        return ids


def load_tokenizer(model_folder: Path) -> TextTokenizer:
    """The tokenizer of the model in `model_folder`.

    Its own `tokenizer.json` wins; else the one of the repository that `tokenizer_repository`
    names, from this machine's hub cache. Never uses the network.

    Raises:
        UnavailableError: there is no tokenizer, it is damaged or of an unknown kind, or it has
            more tokens than the model.
    """
    config = read_config(model_folder)
    path = model_folder / "tokenizer.json"
    with unreadable_as(UnavailableError, path):
        has_own = path.is_file()
    if not has_own:
        repository = tokenizer_repository(model_folder)
        cached = cached_file(repository, "tokenizer.json")
        if cached is None:
            raise UnavailableError(
                f"the tokenizer {repository} is not on this machine: "
                f"run `vvcli models pull {model_folder}`"
            )
        path = cached
    content = read_json(path, MAX_TOKENIZER_BYTES)
    content = encoding_part(content, path, config.lm.vocab_size)
    return TextTokenizer(build(content, path))


def tokenizer_repository(model_folder: Path) -> str:
    """The hub id of the tokenizer of a model that has no `tokenizer.json` of its own."""
    name = read_preprocessor(model_folder).get("language_model_pretrained_name")
    return name if type(name) is str and name else DEFAULT_REPOSITORY


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
