"""A model on its device, with what turns text into its streams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch

from vvcli.checkpoint.folder import load_model
from vvcli.checkpoint.hub import resolve_model
from vvcli.checkpoint.text_config import TextConfig, read_text_config
from vvcli.checkpoint.tokenizer import load_tokenizer
from vvcli.checkpoint.voice_search import find_voice, first_voice, voice_folders
from vvcli.checkpoint.voices import load_voice
from vvcli.model.config import ModelConfig
from vvcli.model.vibevoice import VibeVoice
from vvcli.model.voice import Voice
from vvcli.speech.device import pick_device, pick_dtype, suit_threads


class Encoder(Protocol):
    """Turns the text of one record into token ids."""

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, at least one; RecordError if it has none."""


@dataclass(frozen=True)
class LoadedModel:
    """What a `Synthesizer` speaks with: of a model folder, or made up for a measurement."""

    model: VibeVoice
    tokenizer: Encoder
    voice: Callable[[str | None], Voice]  # by name or file; none is the model's first
    # Frames a text is spoken in. Only for weights that cannot tell where speech ends.
    frames: Callable[[str], int] | None = None
    text: TextConfig = field(default_factory=TextConfig)


def load(model: str | Path, *, device: str = "auto", dtype: str = "auto") -> LoadedModel:
    """The model of a folder, or of an id in the Hugging Face cache, ready on `device`.

    Raises:
        UnavailableError: model, tokenizer or device cannot be had.
    """
    folder = resolve_model(str(model))
    tokenizer = load_tokenizer(folder)
    where = pick_device(device)
    what = pick_dtype(dtype, where)
    loaded = load_model(folder, what).to(where)
    suit_threads(loaded)
    voices = FolderVoices(voice_folders(folder), loaded.config, where, what)
    return LoadedModel(loaded, tokenizer, voices, text=read_text_config(folder))


class FolderVoices:
    """The voices of a model's folders, each loaded once.

    Raises:
        UnavailableError: on a call, when the voice cannot be had.
    """

    def __init__(
        self, folders: list[Path], config: ModelConfig, device: torch.device, dtype: torch.dtype
    ) -> None:
        self._folders = folders
        self._config = config
        self._device = device
        self._dtype = dtype
        self._voices: dict[str, Voice] = {}

    def __call__(self, spec: str | None) -> Voice:
        """The voice of this name or file; without one, the first."""
        spec = spec or str(first_voice(self._folders))
        if spec not in self._voices:
            voice = load_voice(find_voice(spec, self._folders), self._config, self._dtype)
            self._voices[spec] = voice.to(self._device, self._dtype)
        return self._voices[spec]
