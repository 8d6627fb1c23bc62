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
from vvcli.speech.device import pick_device, pick_dtype, starting, suit_threads
from vvcli.speech.kernels import begin_compiling


class TextEncoder(Protocol):
    """Turns the text of one record into token ids."""

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, at least one; RecordError if it has none."""


@dataclass(frozen=True)
class LoadedModel:
    """The parts of a `Synthesizer` that come from a model folder, or from a benchmark."""

    model: VibeVoice
    tokenizer: TextEncoder
    voice: Callable[[str | None], Voice]  # by name or file; none is the model's default
    # Frames a text is spoken in. Only for weights that cannot tell where speech ends.
    frames: Callable[[str], int] | None = None
    text: TextConfig = field(default_factory=TextConfig)


def load(
    model: str | Path | ModelFolder,
    *,
    device: str = "auto",
    dtype: str = "auto",
    deterministic: bool = False,
    threads: int | str = "auto",
    streams: int | str = "auto",
    steps: int | None = None,
) -> LoadedModel:
    """The model of a folder, or of an id in the Hugging Face cache, ready on `device`.

    With `deterministic`, a CPU computes alike wherever it is; for that and for `threads`, see
    `suit_threads`. On a GPU kernels are compiled meanwhile for so many streams and solver steps
    (None: the model's own), if they never were.

    Raises:
        UnavailableError: model, tokenizer or device is unavailable.
    """
    folder = model if isinstance(model, ModelFolder) else ModelFolder(str(model))
    tokenizer = folder.tokenizer
    torch_device = pick_device(device)
    torch_dtype = pick_dtype(dtype, torch_device)
    if not deterministic:
        begin_compiling(folder.config, torch_device, torch_dtype, streams, steps)
    with starting(torch_device):
        weights = folder.weights(torch_dtype)
    loaded = weights.to(torch_device)
    suit_threads(loaded, deterministic=deterministic, threads=threads)

    def voice(spec: str | None) -> Voice:
        return folder.load_voice(spec, torch_device, torch_dtype)

    return LoadedModel(loaded, tokenizer, voice, text=folder.text)
