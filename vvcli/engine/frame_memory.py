"""Memory for frames that wait on the host for their turn, used again once they are let go.

With hundreds of streams gigabytes of frames pass through here. Taken from the system and given
back piece by piece, their page faults took longer than their computation. Huge pages, which have
fewer faults, were slower still in a virtual machine whose host had to find them.
"""

from __future__ import annotations

import sys
from collections import deque

import numpy as np
from numpy.typing import NDArray

TOGETHER = 15  # frames of a block: two seconds of the published model
SLAB_BYTES = 2 << 20  # taken from the system at once; from 4 MB on NumPy asks for huge pages
LOOKS = 8  # blocks that are looked at for one that is free


class FrameMemory:
    """Blocks of `TOGETHER` frames of `hop` samples."""

    def __init__(self, hop: int) -> None:
        self._size = TOGETHER * hop
        self._fresh: list[NDArray[np.float32]] = []
        self._lent: deque[NDArray[np.float32]] = deque()

    def block(self) -> NDArray[np.float32]:
        """A block [TOGETHER · hop] float32, to be kept for as long as any view of it is."""
        for _ in range(min(LOOKS, len(self._lent))):
            block = self._lent.popleft()
            self._lent.append(block)
            if sys.getrefcount(block) == UNUSED:
                return block
        if not self._fresh:
            self._fresh = self._slab()
        block = self._fresh.pop()
        self._lent.append(block)
        return block

    def _slab(self) -> list[NDArray[np.float32]]:
        size = 4 * self._size
        count = max(1, SLAB_BYTES // size)
        memory = np.empty(count * size, dtype=np.uint8).data
        # By way of a memoryview: a view of an array refers to the array that owns the memory, so
        # that the references to a block would tell nothing.
        return [
            np.frombuffer(memory[i * size : (i + 1) * size], dtype=np.float32) for i in range(count)
        ]


def _references_if_unused() -> int:
    """What `getrefcount` says of a block that nobody else refers to; versions of Python differ."""
    lent = deque([np.empty(0)])
    block = lent.popleft()
    lent.append(block)
    return sys.getrefcount(block)


UNUSED = _references_if_unused()
