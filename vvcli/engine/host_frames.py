"""Memory for frames that wait on the host for their turn, used again once they are let go.

With hundreds of streams gigabytes of frames pass through here. The frames of a step are copied
together: each copy lets other threads run, and to have its turn again takes longer than to copy a
frame. And memory that is touched for the first time takes six times as long as the copy, so that a
thread does it beforehand. Huge pages, which have fewer faults, were slower still in a virtual
machine whose host had to find them.
"""

from __future__ import annotations

import sys
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from vvcli.samples import Samples, SampleType

BLOCK_BYTES = 2 << 20  # taken from the system at once; from 4 MB on NumPy asks for huge pages
LOOKS = 8  # blocks that are looked at for one that is free
AHEAD = 4  # blocks that are made beforehand, once a second one is needed


class FrameMemory:
    """Blocks that frames of `hop` samples are packed into, in the order they come."""

    def __init__(self, hop: int, sample_type: SampleType = "float32") -> None:
        self._dtype = np.dtype(sample_type)
        self._shape = max(1, BLOCK_BYTES // (self._dtype.itemsize * hop)), hop
        self._block: Samples = np.empty((0, hop), dtype=self._dtype)
        self._filled = 0  # frames of the block
        self._lent: deque[Samples] = deque()
        self._coming: deque[Future[Samples]] = deque()
        self._thread: ThreadPoolExecutor | None = None

    def keep(self, frames: Samples) -> list[Samples]:
        """A copy of each of `frames` [B, hop]; a block is held for as long as any frame in it."""
        kept: list[Samples] = []
        while len(kept) < len(frames):
            if self._filled == len(self._block):
                self._block = self._next()
            some = frames[len(kept) :][: len(self._block) - self._filled]
            place = self._block[self._filled :][: len(some)]
            place[:] = some
            self._filled += len(some)
            kept.extend(place)
        return kept

    def _next(self) -> Samples:
        self._block, self._filled = self._block[:0].copy(), 0  # the last block may be free
        for _ in range(min(LOOKS, len(self._lent))):
            block, references = _take_turn(self._lent)
            if references == UNUSED:
                return block
        block = self._fresh() if self._thread is None else self._coming.popleft().result()
        if self._thread is None and self._lent:
            self._thread = ThreadPoolExecutor(1, "frame-memory")
        while self._thread is not None and len(self._coming) < AHEAD:
            self._coming.append(self._thread.submit(self._fresh))
        self._lent.append(block)
        return block

    def _fresh(self) -> Samples:
        block: Samples = np.empty(self._shape, dtype=self._dtype)
        block.fill(0)
        return block


def _take_turn(lent: deque[Samples]) -> tuple[Samples, int]:
    """The first of `lent`, which becomes the last, and what `getrefcount` says of it."""
    block = lent.popleft()
    lent.append(block)
    return block, sys.getrefcount(block)


# Of a block that nobody else refers to. Versions of Python differ in what they count, and also in
# which code they count it, so that it is the same code that counts here.
_, UNUSED = _take_turn(deque([np.empty(0, dtype=np.float32)]))
