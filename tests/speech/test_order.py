from __future__ import annotations

from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.speech.order import OrderBuffer

# The sizes of each sequence's items: at least one item each.
SEQUENCES = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5), max_size=7)

Item = tuple[int, int]
T = TypeVar("T")


def drained(buffer: OrderBuffer[T]) -> list[T]:
    return [item for _, items, _ in buffer.drain() for item in items]


@pytest.mark.slow
@given(SEQUENCES, st.data())
def test_any_interleaving_comes_out_in_order_and_whole(
    sequences: list[list[int]], data: st.DataObject
) -> None:
    buffer: OrderBuffer[Item] = OrderBuffer()
    given_so_far = [0] * len(sequences)
    out: list[Item] = []
    while left := [n for n, sizes in enumerate(sequences) if given_so_far[n] < len(sizes)]:
        number = data.draw(st.sampled_from(left))
        place = given_so_far[number]
        sizes = sequences[number]
        last = place == len(sizes) - 1
        buffer.put(number, (number, place), size=sizes[place], last=last)
        given_so_far[number] += 1
        if data.draw(st.booleans()):
            out += drained(buffer)
            held = [
                sizes[place]
                for n, sizes in enumerate(sequences)
                for place in range(given_so_far[n])
                if (n, place) not in out
            ]
            assert buffer.waiting == sum(held)
            # All that could come out has: nothing of the head is held back.
            head = buffer.head
            assert head == len(sequences) or [n for n, _ in out].count(head) == given_so_far[head]
    out += drained(buffer)
    assert out == [(n, place) for n, sizes in enumerate(sequences) for place in range(len(sizes))]
    assert buffer.waiting == 0
    assert buffer.head == len(sequences)


def test_the_head_streams_and_the_others_wait() -> None:
    buffer: OrderBuffer[str] = OrderBuffer()
    buffer.put(1, "later", size=3, last=True)
    assert list(buffer.drain()) == []
    buffer.put(0, "a", size=2)
    assert buffer.waiting == 5
    assert list(buffer.drain()) == [(0, ["a"], False)]
    assert buffer.waiting == 3
    buffer.put(0, "b", last=True)
    assert list(buffer.drain()) == [(0, ["b"], True), (1, ["later"], True)]
    assert (buffer.waiting, buffer.head) == (0, 2)


def test_a_complete_sequence_takes_no_more() -> None:
    buffer: OrderBuffer[str] = OrderBuffer()
    buffer.put(0, "a", last=True)
    buffer.put(1, "b", last=True)
    for number in (0, 1):
        with pytest.raises(ValueError, match=f"sequence {number} is complete"):
            buffer.put(number, "again")
    assert drained(buffer) == ["a", "b"]
    with pytest.raises(ValueError, match="sequence 0 is complete"):
        buffer.put(0, "again")
