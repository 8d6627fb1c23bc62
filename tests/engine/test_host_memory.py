"""Blocks of frames are used again when, and only when, nobody holds any part of them."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vvcli.engine import host_memory
from vvcli.engine.host_memory import BLOCK_BYTES, HostMemory
from vvcli.samples import Samples

HOP = 10_000
PER_BLOCK = BLOCK_BYTES // (4 * HOP)  # 52


def numbered(first: int, count: int) -> NDArray[np.float32]:
    """Frames that hold their number; rows with a gap, as they come from the device."""
    frames = np.zeros((count, HOP + 1), dtype=np.float32)
    frames[:, :-1] = np.arange(first, first + count)[:, None]
    return frames[:, :-1]


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 130), st.integers(0, 130)), max_size=20))
def test_every_frame_stays_as_it_was_until_it_is_let_go(steps: list[tuple[int, int]]) -> None:
    memory = HostMemory(width=HOP)
    held: deque[Samples] = deque()
    first, next_out = 0, 0
    for made, taken in steps:
        kept = memory.copy(numbered(first, made))
        assert len(kept) == made
        held += kept
        first += made
        del kept
        for _ in range(min(taken, len(held))):
            frame = held.popleft()
            assert frame.shape == (HOP,)
            assert frame[0] == frame[-1] == next_out
            next_out += 1


def test_blocks_that_were_let_go_are_used_again() -> None:
    memory = HostMemory(width=HOP)
    addresses = set()
    for step in range(50):
        kept = memory.copy(numbered(step, PER_BLOCK))
        addresses.add(kept[0].ctypes.data)
        del kept
    assert len(addresses) <= 2


def test_memory_grows_no_further_than_what_is_held() -> None:
    memory = HostMemory(width=HOP)
    held = deque(memory.copy(numbered(0, 4 * PER_BLOCK)))
    addresses = {frame.ctypes.data for frame in held}
    for _ in range(40 * PER_BLOCK):  # one is let go for one that is taken
        held.popleft()
        held += memory.copy(numbered(0, 1))
        addresses.add(held[-1].ctypes.data)
    assert len(addresses) <= 6 * PER_BLOCK


def test_a_frame_larger_than_a_block_has_one_of_its_own() -> None:
    size = BLOCK_BYTES
    [first, second] = HostMemory(width=size).copy(np.ones((2, size), dtype=np.float32))
    assert first.sum() == second.sum() == size


def test_a_block_that_could_not_be_had_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = HostMemory(width=HOP)
    held = memory.copy(numbered(0, PER_BLOCK))
    with monkeypatch.context() as patched:
        patched.delattr(HostMemory, "_fresh")
        with pytest.raises(AttributeError):
            memory.copy(numbered(PER_BLOCK, 1))
    held += memory.copy(numbered(PER_BLOCK, 1))
    assert [int(frame[0]) for frame in held] == list(range(PER_BLOCK + 1))


def test_a_debugger_that_refers_to_what_it_sees_costs_no_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It made the count of an unused block, taken as this module is imported, one too high."""
    monkeypatch.setattr(host_memory, "UNUSED", host_memory.UNUSED + 1)
    memory = HostMemory(width=HOP)
    kept = memory.copy(numbered(0, 1))
    for step in range(20 * PER_BLOCK):
        memory.copy(numbered(step + 1, 4))
    assert kept[0][0] == 0
