"""Memory of the host for samples that wait for their turn, used again and again."""

from __future__ import annotations

import sys
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from vvcli.samples import Samples, SampleType

BLOCK_BYTES = 2 << 20  # allocated at once; from 4 MB on NumPy asks for huge pages
MAX_PROBES = 8  # blocks that are examined for a free one
BLOCKS_AHEAD = 4  # blocks that are made beforehand, once a second one is needed


class HostMemory:
    """A pool of blocks that rows of `width` samples are put into, in the order they come.

    With hundreds of streams gigabytes of samples wait for their turn. Memory that is touched for
    the first time takes six times as long as the copy, so a block is used again when nobody refers
    to any of its rows, and a thread touches new ones beforehand. Huge pages, which have fewer
    faults, were slower in a virtual machine whose host had to find them.
    """

    def __init__(self, sample_type: SampleType = "float32", width: int = 1) -> None:
        self._dtype = np.dtype(sample_type)
        self._shape = max(1, BLOCK_BYTES // (self._dtype.itemsize * width)), width
        self._block: Samples = np.empty((0, width), dtype=self._dtype)
        self._filled = 0  # rows of the block
        self._blocks: deque[Samples] = deque()
        self._fresh_blocks: deque[Future[Samples]] = deque()
        self._thread: ThreadPoolExecutor | None = None

    def take(self, rows: int, *, whole: bool = False) -> Samples:
        """The next rows, [n, width], not cleared: those left of a block, and `rows` at most.

        With `whole` they are `rows`. A block is held for as long as any part of it.
        """
        if whole and rows > self._shape[0]:
            return np.empty((rows, self._shape[1]), dtype=self._dtype)
        left = len(self._block) - self._filled
        if not left or (whole and left < rows):
            self._block = self._next()
        start, self._filled = self._filled, min(self._filled + rows, len(self._block))
        return self._block[start : self._filled]

    def copy(self, frames: Samples) -> list[Samples]:
        """A copy of each of `frames` [B, width].

        Those of a step are copied together: each copy lets other threads run, and getting its turn
        back takes longer than copying a frame.
        """
        kept: list[Samples] = []
        while len(kept) < len(frames):
            target = self.take(len(frames) - len(kept))
            target[:] = frames[len(kept) : len(kept) + len(target)]
            kept.extend(target)
        return kept

    def _next(self) -> Samples:
        self._block, self._filled = self._block[:0].copy(), 0  # the last block may be free
        unused = _rotate(_SAMPLE)[1]
        for _ in range(min(MAX_PROBES, len(self._blocks))):
            block, references = _rotate(self._blocks)
            if references == min(unused, UNUSED):
                return block
        block = self._fresh() if self._thread is None else self._fresh_blocks.popleft().result()
        if self._thread is None and self._blocks:
            self._thread = ThreadPoolExecutor(1, "host-memory")
        while self._thread is not None and len(self._fresh_blocks) < BLOCKS_AHEAD:
            self._fresh_blocks.append(self._thread.submit(self._fresh))
        self._blocks.append(block)
        return block

    def _fresh(self) -> Samples:
        block: Samples = np.empty(self._shape, dtype=self._dtype)
        block.fill(0)
        return block


def _rotate(blocks: deque[Samples]) -> tuple[Samples, int]:
    """The first of `blocks`, which becomes the last, and its reference count here."""
    block = blocks.popleft()
    blocks.append(block)
    return block, sys.getrefcount(block)


# The count of a block that nobody else refers to. Versions of Python count differently, also from
# one piece of code to another, so the same code counts here; and the lower of two counts, now and
# then, since a debugger may refer to what it looks at.
_SAMPLE: deque[Samples] = deque([np.empty(0, dtype=np.float32)])
UNUSED = _rotate(_SAMPLE)[1]
