"""Turns at speaking: laws of the queue, without sessions or an engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.errors import BusyError
from vvcli.speech.turns import Turns

ACTIONS = st.tuples(st.sampled_from(["join", "ready", "leave"]), st.integers(0, 7))


@given(st.integers(1, 3), st.none() | st.integers(0, 2), st.lists(ACTIONS, max_size=60))
def test_turns_are_bounded_and_come_in_order(
    limit: int, max_waiting: int | None, actions: list[tuple[str, int]]
) -> None:
    turns: Turns[int] = Turns(limit, max_waiting)
    queue: list[int] = []  # in order, those who wait
    ready: set[int] = set()
    held: set[int] = set()
    for action, member in actions:
        if action == "leave":
            turns.leave(member)
            held.discard(member)
            ready.discard(member)
            queue = [each for each in queue if each != member]
        else:
            new = member not in queue and member not in held
            places = limit - len(held) + (0 if max_waiting is None else max_waiting)
            if new and max_waiting is not None and len(queue) >= places:
                with pytest.raises(BusyError, match="try again later"):
                    turns.join(member, ready=action == "ready")
            else:
                turns.join(member, ready=action == "ready")
                queue += [member] if new else []
                if member in queue and action == "ready":
                    ready.add(member)
        expected = [each for each in queue if each in ready][: limit - len(held)]
        assert list(turns.grant()) == expected
        held |= {*expected}
        queue = [each for each in queue if each not in expected]
        ready -= held
        assert turns.held == len(held) <= limit
        assert turns.waiting == len(queue)
        assert turns.contested == bool(ready)
        assert all(turns.holds(each) for each in held)


def test_whoever_has_waited_before_may_always_wait() -> None:
    turns: Turns[str] = Turns(1, 0)
    turns.join("one", ready=True)
    assert list(turns.grant()) == ["one"]
    with pytest.raises(BusyError, match="1 streams are being spoken and 0 wait"):
        turns.join("two", ready=True)
    turns.join("two", ready=True, always=True)
    assert turns.waiting == 1
