"""Samples through shared memory: the same on the other side, however the ring wraps."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.fleet.inbox import Inbox, StoppedError
from vvcli.fleet.ring import RingReader, RingWriter, make_ring_file

SIZE = 4096


@pytest.fixture(scope="module")
def memory() -> Iterator[int]:
    descriptor = make_ring_file(SIZE)
    yield descriptor
    os.close(descriptor)


@given(st.lists(st.integers(0, SIZE // 4), max_size=40), st.data())
def test_what_is_read_is_what_was_written(
    memory: int, lengths: list[int], data: st.DataObject
) -> None:
    """The writer waits until there is room; then a reader that is behind reads one more chunk."""
    sent: deque[tuple[int, int, bytes]] = deque()
    reader = RingReader(memory, "int16")
    read = 0

    def read_one() -> None:
        nonlocal read
        position, length, expected = sent.popleft()
        assert reader.read(position, length).tobytes() == expected
        if reader.due(position + length):
            read = position + length

    def wait(position: int) -> None:
        while read < position:
            read_one()

    writer = RingWriter(memory, wait)
    for number, length in enumerate(lengths):
        samples = np.full(length, number, np.int16)
        samples[-1:] = -1
        cut = data.draw(st.integers(0, length))
        position, size = writer.write(samples[:cut], samples[cut:])
        assert size == 2 * length
        sent.append((position, size, samples.tobytes()))
        for _ in range(data.draw(st.integers(0, len(sent)))):
            read_one()
    while sent:
        read_one()


def test_a_writer_that_waits_ends_with_its_run() -> None:
    inbox = Inbox()
    inbox.tell(["run", 1, {}])
    assert inbox.next_run() is not None
    inbox.wait_read(0)
    inbox.tell(["read", 100])
    inbox.wait_read(100)
    inbox.tell(["stop", 1])
    with pytest.raises(StoppedError):
        inbox.wait_read(101)


def test_what_would_never_have_room_is_refused(memory: int) -> None:
    writer = RingWriter(memory, lambda position: None)
    with pytest.raises(ValueError, match=r"4098 bytes are more than half the ring of 4096"):
        writer.write(np.zeros(2049, np.int16))
