"""What a worker among others sends when: whole records, and the one that is heard at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.fleet.record_order import FIRST_LENGTHS, RecordOrder

# Of each record, the items of each of its parts.
RECORDS = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=3), min_size=1, max_size=6)


@pytest.mark.slow
@given(RECORDS, st.integers(0, 30), st.none() | st.integers(0, 5), st.data())
def test_parts_come_in_order_and_nothing_is_lost(
    records: list[list[int]], hold: int, live: int | None, data: st.DataObject
) -> None:
    order = RecordOrder(hold)
    numbers: dict[int, list[int]] = {}
    left: dict[int, int] = {}
    for place, parts in enumerate(records):
        first = len(left)
        numbers[place] = [*range(first, first + len(parts))]
        order.begin(first, len(parts))
        left |= dict(zip(numbers[place], parts, strict=True))
    came: list[tuple[int, int]] = []
    sent: dict[int, int] = dict.fromkeys(left, 0)
    complete: list[int] = []
    while any(left.values()):
        number = data.draw(st.sampled_from([number for number, rest in left.items() if rest]))
        left[number] -= 1
        sent[number] += 1
        item = np.array([number, sent[number]], np.float32)
        order.put(number, item, size=2, last=not left[number])
        order.live = live
        for found, items, ended in order.drain():
            came += [(int(item[0]), int(item[1])) for item in items]
            assert all(int(item[0]) == found for item in items)
            complete += [found] * ended
        for parts in numbers.values():
            waiting = [number for number in parts if number not in complete]
            if waiting:  # the part whose turn it is has less than a piece that is worth sending
                out = sum(number == waiting[0] for number, _ in came)
                assert 2 * (sent[waiting[0]] - out) < max(hold, 1)
        if live is not None and live in numbers:
            open_parts = [number for number in numbers[live] if number not in complete]
            if open_parts:  # everything of the part that is heard now is out
                assert sum(n == open_parts[0] for n, _ in came) == sent[open_parts[0]]
    assert order.waiting == 0
    for parts in numbers.values():
        mine = [item for item in came if item[0] in parts]
        assert mine == sorted(mine)
    assert len(came) == sum(map(sum, records))
    assert sorted(complete) == sorted(sent)


FRAME = np.zeros(4, np.float32)


def test_a_record_that_nobody_hears_comes_out_whole_or_in_large_pieces() -> None:
    order = RecordOrder(hold=10)
    for number in range(FIRST_LENGTHS + 1):
        order.begin(number, 1)
    one, other = FIRST_LENGTHS - 1, FIRST_LENGTHS
    for _ in range(2):
        order.put(one, FRAME, size=4)
    assert list(order.drain()) == []
    assert order.waiting == 8
    order.put(other, FRAME, size=4)  # which begins with a small one
    assert [(number, len(items)) for number, items, _ in order.drain()] == [(other, 1)]
    for _ in range(2):
        order.put(other, FRAME, size=4)
    assert list(order.drain()) == []
    order.put(one, FRAME, size=4)
    assert [(number, len(items)) for number, items, _ in order.drain()] == [(one, 3)]
    order.live = other
    assert [(number, len(items)) for number, items, _ in order.drain()] == [(other, 2)]
    order.put(one, FRAME, size=4, last=True)
    assert [(number, len(items), end) for number, items, end in order.drain()] == [(one, 1, True)]


def test_records_that_begin_together_come_out_one_after_the_other() -> None:
    streams, hold = 2 * FIRST_LENGTHS, 100
    order = RecordOrder(hold)
    for number in range(streams):
        order.begin(number, 1)
    out = []
    for _ in range(2 * hold):
        for number in range(streams):
            order.put(number, FRAME, size=1)
        out.append(sum(len(items) for _, items, _ in order.drain()))
    assert max(out) <= 0.05 * sum(out)
