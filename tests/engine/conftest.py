from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.checkpoint.voices import load_voice
from vvcli.engine.engine import Engine
from vvcli.engine.stream import NoiseSource, Stream
from vvcli.model.config import ModelConfig
from vvcli.model.empty import empty_model
from vvcli.model.vibevoice import VibeVoice
from vvcli.model.voice import Voice
from vvcli.samples import Samples

TINY = Path(__file__).parents[1] / "data" / "tiny"
DTYPE = torch.float64  # so that equal means equal, whatever the batch


@pytest.fixture(scope="session")
def model() -> VibeVoice:
    return ModelFolder(TINY).weights(DTYPE)


@pytest.fixture(scope="session")
def voices(model: VibeVoice) -> dict[str, Voice]:
    files = sorted((TINY / "voices").iterdir())
    return {path.stem[5:8]: load_voice(path, model.config, DTYPE) for path in files}


MakeStream = Callable[..., Stream]


@pytest.fixture(scope="session")
def make_stream(model: VibeVoice, voices: dict[str, Voice]) -> MakeStream:
    tokenizer = ModelFolder(TINY).tokenizer

    def make(
        number: int, text: str, voice: str = "Ada", seed: int = 42, guidance: float = 1.5
    ) -> Stream:
        noise = NoiseSource(seed, number, model.config.head.latent_size)
        return Stream(number, tokenizer.encode(text), voices[voice], noise, guidance)

    return make


Alone = Callable[..., Samples]


@pytest.fixture(scope="session")
def alone(model: VibeVoice, make_stream: MakeStream) -> Alone:
    """The audio of a stream that is spoken alone, made once for each of its arguments."""

    @cache
    def speak(*arguments: object, **options: object) -> Samples:
        return run(Engine(model, slots=1, steps=5), make_stream(*arguments, **options))[0]

    return speak


def run(engine: Engine, *streams: Stream) -> list[Samples]:
    """Speak `streams` to their ends; their audio in the order given."""
    parts: dict[Stream, list[Samples]] = {stream: [] for stream in streams}
    for stream in streams:
        engine.submit(stream)
    while engine.busy:
        for frame in engine.step():
            parts[frame.stream].append(frame.samples)
    return [np.concatenate(pieces or [np.zeros(0, np.float32)]) for pieces in parts.values()]


def spoil(engine: Engine, *, keep: Set[int] = frozenset()) -> None:
    """Fill the whole state of every slot not in `keep` with NaN and wild numbers."""
    state = engine.state
    for slot in set(range(state.slots + 1)) - keep:
        for tensor in (state.lm_kv[:, :, slot], state.tts_kv[:, :, 2 * slot : 2 * slot + 2]):
            tensor.fill_(float("nan"))
        for tensor in (state.condition, state.context, state.noise, state.guidance):
            tensor[slot].fill_(float("nan"))
        state.frame[slot].fill_(1000)


def shortened(model: VibeVoice, positions: int) -> VibeVoice:
    """The same weights with a smaller context."""
    lm = replace(model.config.lm, max_positions=positions)
    config: ModelConfig = replace(model.config, lm=lm)
    short = empty_model(config)
    short.load_state_dict(model.state_dict(), assign=True)
    return short.requires_grad_(False).eval()
