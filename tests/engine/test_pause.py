"""A paused stream stands still, and nobody hears it: neither its own audio nor that of others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.conftest import MakeStream, run, spoil
from vvcli.engine.engine import Engine
from vvcli.model.vibevoice import VibeVoice
from vvcli.samples import Samples

TEXTS = ["Hello there.", "Yes.", "The quick brown fox jumps over the lazy dog.", "No."]


@pytest.fixture(scope="module")
def engine(model: VibeVoice) -> Engine:
    return Engine(model, slots=3, steps=2, deterministic=True)


@pytest.fixture(scope="module")
def alone(engine: Engine, make_stream: MakeStream) -> list[Samples]:
    return [run(engine, make_stream(n, text))[0] for n, text in enumerate(TEXTS)]


@pytest.mark.slow
@settings(max_examples=8)
@given(toggles=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40))
def test_audio_does_not_depend_on_pauses(
    engine: Engine,
    alone: list[Samples],
    make_stream: MakeStream,
    toggles: list[tuple[int, bool]],
) -> None:
    streams = [make_stream(n, text) for n, text in enumerate(TEXTS)]
    heard: list[list[Samples]] = [[] for _ in streams]
    for stream in streams:
        engine.submit(stream)
    while engine.busy:
        if toggles:
            number, paused = toggles.pop()
            engine.pause(streams[number], paused=paused)
        else:
            for stream in streams:
                engine.pause(stream, paused=False)
        for frame in engine.step():
            heard[frame.stream.number].append(frame.samples)
    for pieces, expected in zip(heard, alone, strict=True):
        assert np.array_equal(np.concatenate(pieces), expected)


def test_the_engine_says_when_it_stalls(engine: Engine, make_stream: MakeStream) -> None:
    stream = make_stream(0, TEXTS[0])
    engine.submit(stream)
    made = [frame.samples for _ in range(3) for frame in engine.step()]
    assert not engine.stalled
    engine.pause(stream)
    assert not engine.step()
    assert engine.stalled
    spoil(engine, keep={0})
    engine.pause(stream, paused=False)
    while engine.busy:
        made += [frame.samples for frame in engine.step()]
        assert len(made) < 1000
    (expected,) = run(engine, make_stream(0, TEXTS[0]))
    assert np.array_equal(np.concatenate(made), expected)
