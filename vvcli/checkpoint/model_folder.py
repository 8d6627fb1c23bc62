"""A model folder, opened once a command: a file that describes the model is read at most once.

`config.json` has the shapes, `preprocessor_config.json` the sample rate, `model.safetensors` the
weights, `tokenizer.json` the tokens (or a repository in the hub's cache has it), `voices/` voices.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vvcli.checkpoint.hub import cached_file, resolve_model
from vvcli.checkpoint.identity import hash_model
from vvcli.checkpoint.json_file import MAX_CONFIG_BYTES, parse_json
from vvcli.checkpoint.model_voices import ModelVoices
from vvcli.checkpoint.preprocessor_config import (
    FILE_NAME,
    check_sample_rate,
    tokenizer_repository,
)
from vvcli.checkpoint.regular_file import read_bounded
from vvcli.checkpoint.tokenizer import TextTokenizer
from vvcli.checkpoint.tokenizer_json import MAX_TOKENIZER_BYTES
from vvcli.checkpoint.voice_search import is_voice_file, voice_folders
from vvcli.errors import UnavailableError, unreadable_as
from vvcli.model.config import ModelConfig

if TYPE_CHECKING:
    import torch

    from vvcli.checkpoint.text_config import TextConfig
    from vvcli.model.vibevoice import VibeVoice
    from vvcli.model.voice import Voice


class ModelFolder:
    """The model that `spec` means: a folder, `embedded`, or a hub id (see `resolve_model`).

    Nothing is read, and no error raised, before it is needed; nothing is read twice. Only `weights`
    and `load_voice` import torch.
    """

    def __init__(self, spec: str | Path) -> None:
        self.spec = spec
        self._contents: dict[str, bytes | None] = {}

    @cached_property
    def path(self) -> Path:
        """The folder.

        Raises:
            UnavailableError: there is no such model on this machine.
        """
        return self.spec if isinstance(self.spec, Path) else resolve_model(self.spec)

    @cached_property
    def config(self) -> ModelConfig:
        """The model's shapes; its weights must be there but are not read.

        Raises:
            UnavailableError: this is not a model folder, or holds a model this program cannot run.
        """
        try:
            config = ModelConfig.from_dict(self._config_json)
        except (ValueError, OverflowError) as error:
            raise UnavailableError(
                f"{self._config_path} describes no model this program runs: {error}"
            ) from error
        if not self._weights_path.is_file():
            raise UnavailableError(f"{self.path} has no model.safetensors: fetch the model again")
        check_sample_rate(self._preprocessor, self.path)
        return config

    def weights(self, dtype: torch.dtype) -> VibeVoice:
        """The model, on the CPU, in `dtype`.

        Raises:
            UnavailableError: see `config` and `load_weights`.
        """
        config = self.config  # torch takes a second to import; a wrong folder is said at once
        from vvcli.checkpoint.weights import load_weights

        return load_weights(self._weights_path, config, dtype)

    @cached_property
    def tokenizer(self) -> TextTokenizer:
        """The folder's own tokenizer, or that of its repository in the hub's cache.

        Never uses the network.

        Raises:
            UnavailableError: there is no tokenizer, it is damaged or of an unknown kind, or it has
                more tokens than the model.
        """
        vocab_size = self.config.lm.vocab_size
        if self._tokenizer_file is None:
            raise UnavailableError(
                f"the tokenizer {tokenizer_repository(self._preprocessor)} is not on this machine: "
                f"run `vvcli models pull {self.path}`"
            )
        path, content = self._tokenizer_file
        lone_words = self.text.lone_words
        return TextTokenizer.from_json(parse_json(content, path), path, vocab_size, lone_words)

    @cached_property
    def text(self) -> TextConfig:
        """The settings of the text front end in `config.json`.

        Raises:
            UnavailableError: this is not a model folder, or its config has a key of another type.
        """
        # Imported only here: it brings in all that reads text.
        from vvcli.checkpoint.text_config import parse_text_config

        return parse_text_config(self._config_json, self._config_path)

    @cached_property
    def voices(self) -> ModelVoices:
        """The model's voices, then the user's."""
        return ModelVoices(voice_folders(self.path), self._default_voice)

    def load_voice(self, spec: str | None, device: torch.device, dtype: torch.dtype) -> Voice:
        """The voice of this name or file, without one the default; see `ModelVoices.load`."""
        return self.voices.load(spec, self.config, device, dtype)

    @cached_property
    def identity(self) -> str:
        """A hash of the model that does not change when the folder is moved or fetched again.

        Raises:
            UnavailableError: see `config`; or a file cannot be read.
        """
        _ = self.config  # what is no model has no identity
        tokenizer = self._tokenizer_file
        described = [self._read("config.json"), tokenizer and tokenizer[1], self._read(FILE_NAME)]
        return hash_model(described, self._weights_path)

    @cached_property
    def _tokenizer_file(self) -> tuple[Path, bytes] | None:
        """The path and the content of `tokenizer.json`; None if there is none."""
        content = self._read("tokenizer.json", MAX_TOKENIZER_BYTES)
        if content is not None:
            return self.path / "tokenizer.json", content
        path = cached_file(tokenizer_repository(self._preprocessor), "tokenizer.json")
        if path is None:
            return None
        with unreadable_as(UnavailableError, path):
            return path, read_bounded(path, MAX_TOKENIZER_BYTES)

    @cached_property
    def _config_json(self) -> dict[str, Any]:
        with unreadable_as(UnavailableError, f"the model folder {self.path}"):
            if not self.path.is_dir():
                raise UnavailableError(f"there is no model folder {self.path}")
            content = self._read("config.json") if self._config_path.is_file() else None
        if content is None:
            raise UnavailableError(f"{self.path} is not a model folder: it has no config.json")
        return parse_json(content, self._config_path)

    @cached_property
    def _preprocessor(self) -> dict[str, Any]:
        """`preprocessor_config.json`, empty if there is none."""
        content = self._read(FILE_NAME)
        return {} if content is None else parse_json(content, self.path / FILE_NAME)

    @property
    def _config_path(self) -> Path:
        return self.path / "config.json"

    @property
    def _weights_path(self) -> Path:
        return self.path / "model.safetensors"

    def _default_voice(self) -> str | None:
        """The name that the config gives the default voice."""
        name = self._config_json.get("default_voice")
        if name is None or (type(name) is str and name and not is_voice_file(name)):
            return name
        raise UnavailableError(f"{self._config_path}: default_voice is not the name of a voice")

    def _read(self, name: str, max_bytes: int = MAX_CONFIG_BYTES) -> bytes | None:
        """The content of a file of the folder, read once; None if there is no such file."""
        if name not in self._contents:
            path = self.path / name
            with unreadable_as(UnavailableError, path):
                self._contents[name] = read_bounded(path, max_bytes) if path.is_file() else None
        return self._contents[name]
