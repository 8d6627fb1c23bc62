"""Samples from one process to another through memory that both have mapped.

The writer writes behind the last bytes, the reader says how far it has read: positions count all
bytes there ever were, and both travel with the messages, so that nothing in the memory itself has
to be agreed upon. The memory has no name: nothing is left of it when both processes are gone.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Callable

import numpy as np

from vvcli.samples import Samples, SampleType


def make_ring_file(size: int) -> int:
    """The descriptor of `size` bytes that two processes can map; it is inherited if passed on."""
    if hasattr(os, "memfd_create"):  # /dev/shm is 64 MiB in many containers
        descriptor = os.memfd_create("vvcli-ring", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor


class _Ring:
    def __init__(self, descriptor: int) -> None:
        self.size = os.fstat(descriptor).st_size
        self._bytes = np.frombuffer(mmap.mmap(descriptor, self.size), np.uint8)


class RingWriter(_Ring):
    """The end that writes.

    Args:
        descriptor: of `make_ring_file`.
        wait: is called until there is room, with the position that has to be read before.
    """

    def __init__(self, descriptor: int, wait: Callable[[int], None]) -> None:
        super().__init__(descriptor)
        self._wait = wait
        self._written = 0

    def write(self, samples: Samples) -> tuple[int, int]:
        """Write `samples`, of no more bytes than half the ring; their position, and their bytes."""
        data, start = samples.view(np.uint8), self._written
        self._wait(start + len(data) - self.size)
        place = start % self.size
        first = min(len(data), self.size - place)
        self._bytes[place : place + first] = data[:first]
        self._bytes[: len(data) - first] = data[first:]
        self._written += len(data)
        return start, len(data)


class RingReader(_Ring):
    """The end that reads samples of `sample_type`."""

    def __init__(self, descriptor: int, sample_type: SampleType) -> None:
        super().__init__(descriptor)
        self._dtype = np.dtype(sample_type)
        self._told = 0

    def read(self, position: int, length: int, sample_type: SampleType | None = None) -> Samples:
        """A copy of the `length` bytes at `position`, samples of another type if it is given."""
        data = np.empty(length, np.uint8)
        place = position % self.size
        first = min(length, self.size - place)
        data[:first] = self._bytes[place : place + first]
        data[first:] = self._bytes[: length - first]
        return data.view(sample_type or self._dtype)

    def due(self, position: int) -> bool:
        """Whether the writer should be told that all before `position` is read."""
        if position - self._told < self.size // 4:
            return False
        self._told = position
        return True
