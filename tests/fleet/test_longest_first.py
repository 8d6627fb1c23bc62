"""Tickets come out as from a sorted list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.fleet.longest_first import LongestFirst

# A length is pushed with the next ticket; None takes the longest out.
STEPS = st.lists(st.none() | st.integers(0, 3) | st.floats(0, 3), max_size=60)


@given(STEPS)
def test_the_longest_comes_out_and_the_first_of_the_same_length(steps: list[float | None]) -> None:
    queue, model = LongestFirst(), list[tuple[float, int]]()
    for ticket, length in enumerate(steps):
        if length is not None:
            queue.push(ticket, length)
            model.append((-length, ticket))
            model.sort()
        elif model:
            assert queue.pop() == model.pop(0)[1]
        else:
            with pytest.raises(IndexError):
                queue.pop()
        assert len(queue) == len(model)
    assert [queue.pop() for _ in range(len(queue))] == [ticket for _, ticket in model]
