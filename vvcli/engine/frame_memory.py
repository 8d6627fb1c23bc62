"""Memory for frames that wait on the host for their turn, used again once they are let go.

With hundreds of streams gigabytes of frames pass through here. The frames of a step are copied
together: each copy lets other threads run, and to have its turn again takes longer than to copy a
frame. And taken from the system and given back step by step, their page faults took longer than
their computation; huge pages, which have fewer, were slower still in a virtual machine whose host
had to find them.
"""

from __future__ import annotations

import sys
from collections import deque

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 2 << 20  # taken from the system at once; from 4 MB on NumPy asks for huge pages
LOOKS = 8  # blocks that are looked at for one that is free


class FrameMemory:
    """Blocks that frames of `hop` samples are packed into, in the order they come."""

    def __init__(self, hop: int) -> None:
        self._shape = max(1, BLOCK_BYTES // (4 * hop)), hop
        self._block = np.empty((0, hop), dtype=np.float32)
        self._filled = 0  # frames of the block
        self._lent: deque[NDArray[np.float32]] = deque()

    def keep(self, frames: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """A copy of each of `frames` [B, hop]; a block is held for as long as any frame in it."""
        kept: list[NDArray[np.float32]] = []
        while len(kept) < len(frames):
            if self._filled == len(self._block):
                self._block, self._filled = self._next(), 0
            some = frames[len(kept) :][: len(self._block) - self._filled]
            place = self._block[self._filled :][: len(some)]
            place[:] = some
            self._filled += len(some)
            kept.extend(place)
        return kept

    def _next(self) -> NDArray[np.float32]:
        self._block = self._block[:0].copy()  # the last block may be free
        for _ in range(min(LOOKS, len(self._lent))):
            block = self._lent.popleft()
            self._lent.append(block)
            if sys.getrefcount(block) == UNUSED:
                return block
        block = np.empty(self._shape, dtype=np.float32)
        self._lent.append(block)
        return block


def _references_if_unused() -> int:
    """What `getrefcount` says of a block that nobody else refers to; versions of Python differ."""
    lent = deque([np.empty(0)])
    block = lent.popleft()
    lent.append(block)
    return sys.getrefcount(block)


UNUSED = _references_if_unused()
