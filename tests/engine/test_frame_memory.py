"""Blocks of frames are used again when, and only when, nobody holds any part of them."""

from __future__ import annotations

import gc

import numpy as np

from vvcli.engine.frame_memory import SLAB_BYTES, TOGETHER, FrameMemory

HOP = 100


def test_a_block_that_was_let_go_is_used_again() -> None:
    memory = FrameMemory(HOP)
    block = memory.block()
    assert block.shape == (TOGETHER * HOP,)
    address = block.ctypes.data
    del block
    gc.collect()
    assert memory.block().ctypes.data == address


def test_no_block_is_given_out_while_a_view_of_it_is_kept() -> None:
    memory = FrameMemory(HOP)
    kept = []
    for n in range(50):
        block = memory.block()
        block[:] = n
        kept.append(block[3 * HOP : 4 * HOP][:5])  # a view of a view
        del block
    for n, view in enumerate(kept):
        assert view.tolist() == [n] * 5


def test_memory_grows_by_slabs_and_no_further_than_what_is_held() -> None:
    memory = FrameMemory(HOP)
    per_slab = SLAB_BYTES // (4 * TOGETHER * HOP)
    held = [memory.block() for _ in range(per_slab)]
    addresses = {block.ctypes.data for block in held}
    assert max(addresses) - min(addresses) < SLAB_BYTES
    for _ in range(10 * per_slab):  # one is let go for one that is taken
        held.pop(0)
        held.append(memory.block())
        addresses.add(held[-1].ctypes.data)
    assert len(addresses) <= 2 * per_slab


def test_a_frame_larger_than_a_slab_has_one_of_its_own() -> None:
    assert len(FrameMemory(SLAB_BYTES).block()) == TOGETHER * SLAB_BYTES


def test_blocks_can_be_written() -> None:
    block = FrameMemory(HOP).block()
    block[:] = 1.5
    assert np.all(block == 1.5)
