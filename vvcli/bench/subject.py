"""The model to measure: random weights of a shape, or a real one; its streams never end early."""

from __future__ import annotations

from dataclasses import replace

from vvcli.bench.random_model import (
    RandomTokenizer,
    random_model,
    random_voice,
    voice_length,
    without_end,
)
from vvcli.bench.shapes import SHAPES
from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.model.config import ModelConfig
from vvcli.model.vibevoice import VibeVoice
from vvcli.model.voice import Voice
from vvcli.speech.device import pick_device, pick_dtype, suit_threads
from vvcli.speech.loaded_model import LoadedModel, load

CHARACTERS_PER_FRAME = 2  # 15 characters a second, at the published model's 7.5 frames


def open_model(folder: ModelFolder | None, shape: str, device: str, dtype: str) -> VibeVoice:
    """The weights alone: those of `folder`, or without one random weights of `shape`.

    Raises:
        UnavailableError: model or device is unavailable.
    """
    target = pick_device(device)
    weights = pick_dtype(dtype, target)
    if folder:
        found = without_end(folder.weights(weights).to(target))
    else:
        found = random_model(ModelConfig.from_dict(SHAPES[shape]), target, weights)
    suit_threads(found)
    return found


def open_subject(folder: ModelFolder | None, shape: str, device: str, dtype: str) -> LoadedModel:
    """The same with tokenizer and voice; how long a text is spoken depends on it alone.

    Raises:
        UnavailableError: model, tokenizer or device is unavailable.
    """
    if folder:
        loaded = load(folder, device=device, dtype=dtype)
        return replace(loaded, model=without_end(loaded.model), frames=frames_of)
    found = open_model(None, shape, device, dtype)
    config = found.config
    voice = random_voice(config, found.device, found.dtype, voice_length(config))

    def only_voice(_name: str | None) -> Voice:
        return voice

    return LoadedModel(found, RandomTokenizer(config.lm.vocab_size), only_voice, frames_of)


def frames_of(text: str) -> int:
    """Frames that `text` is spoken in."""
    return max(1, len(text) // CHARACTERS_PER_FRAME)
