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

from vvcli.engine.host_memory import HostMemory
from vvcli.samples import Samples, SampleType

WORD = 4  # bytes of an element of `HostMemory`, to which whatever is read is aligned


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

    def write(self, *pieces: Samples) -> tuple[int, int]:
        """Write samples, of no more bytes than half the ring; their position, and their bytes.

        Raises:
            ValueError: there are more, for which there would never be room.
        """
        start, length = self._written, sum(piece.nbytes for piece in pieces)
        if length > self.size // 2:
            raise ValueError(f"{length} bytes are more than half the ring of {self.size}")
        self._wait(start + length - self.size)
        place = start % self.size
        if place + length <= self.size:
            target = self._bytes[place : place + length].view(pieces[0].dtype)
            np.concatenate(pieces, out=target)
        else:
            data, first = np.concatenate(pieces).view(np.uint8), self.size - place
            self._bytes[place:] = data[:first]
            self._bytes[: length - first] = data[first:]
        self._written += length
        return start, length


class RingReader(_Ring):
    """The end that reads.

    Args:
        descriptor: of `make_ring_file`.
        sample_type: of the samples.
        memory: for what is read; those who read in one thread can share it.
    """

    def __init__(
        self, descriptor: int, sample_type: SampleType, memory: HostMemory | None = None
    ) -> None:
        super().__init__(descriptor)
        self._dtype = np.dtype(sample_type)
        self._memory = memory or HostMemory()
        self._told = 0

    def read(self, position: int, length: int, sample_type: SampleType | None = None) -> Samples:
        """A copy of the `length` bytes at `position`, samples of another type if it is given."""
        words = self._memory.take(-(-length // WORD), whole=True)
        data = words.reshape(-1).view(np.uint8)[:length]
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
