from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.engine.fakes import SPEECH_WINDOW, TEXT_WINDOW, make_stream
from vvcli.engine.scheduler import Scheduler
from vvcli.engine.stream import NOISE_CHUNK, NoiseSource
from vvcli.engine.transfer import draw_noise


@pytest.mark.parametrize(("seed", "index"), [(0, 0), (42, 3), (2**64 - 1, 7)])
def test_chunks_are_the_rows_of_one_draw(seed: int, index: int) -> None:
    key = np.array([seed, index], dtype=np.uint64)
    law = np.random.Generator(np.random.Philox(key=key))
    expected = law.standard_normal((3 * NOISE_CHUNK, 16), dtype=np.float32)
    source = NoiseSource(seed, index, 16)
    np.testing.assert_array_equal(np.concatenate([source.draw() for _ in range(3)]), expected)


def test_records_and_seeds_differ() -> None:
    draws = [NoiseSource(seed, index, 4).draw() for seed, index in ((0, 0), (0, 1), (1, 0))]
    assert len({draw.tobytes() for draw in draws}) == 3


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 150)), min_size=1, max_size=7))
def test_every_frame_finds_its_own_row_in_its_slot(shapes: list[tuple[int, int]]) -> None:
    """Streams join, move and end; what the device holds is written just before each step."""
    scheduler = Scheduler(
        3,
        text_window=TEXT_WINDOW,
        speech_window=SPEECH_WINDOW,
        max_positions=1000,
        noise_chunk=NOISE_CHUNK,
    )
    for number, (tokens, frames) in enumerate(shapes):
        stream = make_stream(number, tokens, max_frames=frames)
        stream.noise = NoiseSource(7, number, 4)
        scheduler.submit(stream)
    held, made = np.zeros((3, NOISE_CHUNK, 4), np.float32), 0
    while scheduler.running or scheduler.waiting:
        plan = scheduler.plan()
        for source, target in plan.moves:
            held[target] = held[source]
        slots, chunks = draw_noise(plan, 4)
        held[slots] = chunks
        for slot, stream in plan.frames:
            row = held[slot, (stream.frames - 1) % NOISE_CHUNK]
            assert (row == noise_of(stream.number)[stream.frames - 1]).all()
            made += 1
    assert made == sum(frames for _, frames in shapes)


@cache
def noise_of(number: int) -> NDArray[np.float32]:
    generator = np.random.Generator(np.random.Philox(key=np.array([7, number], dtype=np.uint64)))
    return generator.standard_normal((160, 4), dtype=np.float32)
