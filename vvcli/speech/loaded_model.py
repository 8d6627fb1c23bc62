"""A model on its device, with what turns text into its streams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.checkpoint.text_config import TextConfig
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
    voice: Callable[[str | None], Voice]  # by name or file; none is the model's default
    # Frames a text is spoken in. Only for weights that cannot tell where speech ends.
    frames: Callable[[str], int] | None = None
    text: TextConfig = field(default_factory=TextConfig)


def load(
    model: str | Path | ModelFolder, *, device: str = "auto", dtype: str = "auto"
) -> LoadedModel:
    """The model of a folder, or of an id in the Hugging Face cache, ready on `device`.

    Raises:
        UnavailableError: model, tokenizer or device cannot be had.
    """
    folder = model if isinstance(model, ModelFolder) else ModelFolder(str(model))
    tokenizer = folder.tokenizer
    where = pick_device(device)
    what = pick_dtype(dtype, where)
    loaded = folder.weights(what).to(where)
    suit_threads(loaded)

    def voice(spec: str | None) -> Voice:
        return folder.load_voice(spec, where, what)

    return LoadedModel(loaded, tokenizer, voice, text=folder.text)
