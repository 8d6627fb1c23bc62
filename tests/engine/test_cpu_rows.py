"""On a CPU a step computes no rows, and no tokens, that nothing comes of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from torch import Tensor

from tests.engine.conftest import MakeStream, run
from tests.rounding import same_audio
from vvcli.engine.backends.backend import Backend
from vvcli.engine.backends.choose import choose_backend
from vvcli.engine.engine import Engine
from vvcli.engine.sizes import TOKEN_STEP
from vvcli.engine.stream import Stream
from vvcli.engine.threads import set_step_threads, step_threads
from vvcli.model.config import ModelConfig
from vvcli.model.empty import empty_model
from vvcli.model.transformer import CacheView
from vvcli.model.vibevoice import VibeVoice

Sizes = list[tuple[int, ...]]
TEXTS = ["Yes.", "Hello there.", "Thousands of dolphins."]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """On several, each would be given some of the rows; another test may have asked for them."""
    before = step_threads()
    set_step_threads(1)
    yield
    set_step_threads(before)


def watched(model: VibeVoice) -> tuple[Backend, Sizes]:
    """The back-end of `model`, and the rows and tokens that its TTS LM is given from now on."""
    found: Sizes = []

    def watch(backend: Backend) -> Backend:
        def tts_lm(x: Tensor, cache: CacheView) -> Tensor:
            found.append(tuple(x.shape[:2]))
            return backend.tts_lm(x, cache)

        unguided = backend.unguided and watch(backend.unguided)
        return replace(backend, tts_lm=tts_lm, unguided=unguided)

    return watch(choose_backend(model)), found


def with_text_window(model: VibeVoice, tokens: int) -> VibeVoice:
    """The same weights, reading so many tokens at once."""
    config: ModelConfig = replace(model.config, text_window=tokens)
    other = empty_model(config)
    other.load_state_dict(model.state_dict(), assign=True)
    return other.requires_grad_(False).eval()


@pytest.mark.numeric
def test_without_guidance_rows_without_text_are_left_out(
    model: VibeVoice, make_stream: MakeStream
) -> None:
    backend, sizes = watched(model)
    [found] = run(Engine(model, backend, slots=1, steps=5), make_stream(2, "Tea.", guidance=1.0))
    assert (2, 1) not in sizes
    assert (1, 1) in sizes
    pairs = replace(choose_backend(model), unguided=None)
    [expected] = run(Engine(model, pairs, slots=1, steps=5), make_stream(2, "Tea.", guidance=1.0))
    assert same_audio(found, expected)


@pytest.mark.numeric
def test_guided_neighbours_bring_them_back_and_change_nothing(
    model: VibeVoice, make_stream: MakeStream
) -> None:
    def stream(number: int) -> Stream:
        return make_stream(number, TEXTS[number], guidance=(1.0, 1.0, 1.5)[number])

    alone = [run(Engine(model, slots=1, steps=5), stream(n))[0] for n in range(3)]
    backend, sizes = watched(model)
    together = run(Engine(model, backend, slots=2, steps=5), *map(stream, range(3)))
    assert {(2, 1), (4, 1)} <= set(sizes), "some of its frames were guided, and others were not"
    assert all(map(same_audio, together, alone))


def test_bits_that_depend_on_nothing_need_all_rows(
    model: VibeVoice, make_stream: MakeStream
) -> None:
    model = with_text_window(model, 32)
    backend, sizes = watched(model)
    engine = Engine(model, backend, slots=2, steps=5, deterministic=True)
    run(engine, make_stream(0, "Yes.", guidance=1.0))
    assert set(sizes) == {(2, 32), (4, 1)}


@pytest.mark.numeric
def test_text_is_padded_by_a_few_tokens_alone(model: VibeVoice, make_stream: MakeStream) -> None:
    model = with_text_window(model, 32)
    backend, sizes = watched(model)
    streams = [make_stream(number, text) for number, text in enumerate(TEXTS)]
    widths = {-(-len(stream.tokens) // TOKEN_STEP) * TOKEN_STEP for stream in streams}
    assert len(widths) > 1
    together = run(Engine(model, backend, slots=3, steps=5), *streams)
    assert {tokens for _, tokens in sizes} == {1, *widths}, "each begins in a step of its own"
    whole = Engine(model, slots=3, steps=5, deterministic=True)
    for number, found in enumerate(together):
        [expected] = run(whole, make_stream(number, TEXTS[number]))
        assert same_audio(found, expected)
        assert np.abs(found).max() > 0
