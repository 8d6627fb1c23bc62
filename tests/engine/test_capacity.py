"""Caches of fixed size: who waits for larger ones, and when they are built."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.fakes import TEXT_WINDOW, Device, make_scheduler, make_stream
from vvcli.engine.sizes import (
    CAPACITY_STEP,
    LIMIT_STEP,
    AttentionLimit,
    CacheCapacity,
)
from vvcli.engine.stream import End

SMALL = CacheCapacity(tts=256, text=256)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    slots=st.integers(1, 5),
    shapes=st.lists(st.tuples(st.integers(1, 300), st.integers(1, 700)), max_size=12),
    seen_at_once=st.integers(1, 12),
)
def test_slots_are_rebuilt_only_when_nobody_runs_and_everybody_fits(
    slots: int, shapes: list[tuple[int, int]], seen_at_once: int
) -> None:
    scheduler = make_scheduler(slots, capacity=SMALL, max_positions=1000)
    device = Device(scheduler, {})
    device.capacity = SMALL
    streams = [make_stream(n, t, max_frames=f) for n, (t, f) in enumerate(shapes)]
    admitted = []
    waiting = list(streams)
    while waiting or scheduler.running or scheduler.waiting:
        while waiting and scheduler.waiting < seen_at_once:
            scheduler.submit(waiting.pop(0))
        plan = device.step()
        admitted += [stream.number for _, stream in plan.admitted]
        assert device.capacity == scheduler.capacity
        assert plan.max_length + TEXT_WINDOW <= device.capacity.tts
        assert plan.max_text_length + TEXT_WINDOW <= device.capacity.text
    assert admitted == list(range(len(shapes))), "a held record keeps its place in the line"
    for stream in streams:
        assert stream.max_frames is not None
        if stream.end is End.TRUNCATED:
            # The context is full, but for less than what comes next: a frame or a window of text.
            assert stream.frames <= stream.max_frames  # the last one may be the one that overruns
            filled = 10 + stream.tokens_read + stream.frames
            assert 1000 - TEXT_WINDOW < filled <= 1000 + 1
        else:
            assert stream.end is End.EOS
            assert stream.frames == stream.max_frames


def test_the_first_build_has_room_for_all_records_that_are_known() -> None:
    scheduler = make_scheduler(1, capacity=SMALL)
    for number, tokens in enumerate((5, 200, 20)):
        scheduler.submit(make_stream(number, tokens, max_frames=300))
    plan = scheduler.plan()
    # 10 of the voice, 200 tokens, 300 frames and a padded window: the next multiple of 256.
    assert plan.rebuild == CacheCapacity(tts=768, text=256)
    assert [stream.number for _, stream in plan.admitted] == [0]


def test_a_stream_of_unknown_length_gets_twice_the_frames_of_its_text() -> None:
    scheduler = make_scheduler(1, capacity=SMALL)
    scheduler.submit(make_stream(0, tokens=100))
    # 10 + 100 + 6 x (2 x 20 + 8) + 5 = 403
    assert scheduler.plan().rebuild == CacheCapacity(tts=512, text=256)


def test_no_room_is_asked_for_beyond_the_context() -> None:
    scheduler = make_scheduler(1, capacity=SMALL, max_positions=300)
    scheduler.submit(make_stream(0, tokens=250))
    assert scheduler.plan().rebuild == CacheCapacity(tts=512, text=512)


def test_a_stream_that_is_told_its_length_ends_there() -> None:
    scheduler = make_scheduler(2)
    device = Device(scheduler, {1: 3})
    scheduler.submit(make_stream(0, max_frames=8))
    scheduler.submit(make_stream(1, max_frames=8))
    device.drain()
    assert device.frames == {0: 8, 1: 3}
    assert device.finished == {0: End.EOS, 1: End.EOS}


sizes = st.builds(CacheCapacity, tts=st.integers(1, 5000), text=st.integers(1, 5000))


@given(current=sizes, needed=sizes)
def test_a_larger_capacity_holds_both_and_is_of_few_sizes(
    current: CacheCapacity, needed: CacheCapacity
) -> None:
    for larger in (current.enlarged(needed), current.doubled(needed)):
        assert larger.holds(current)
        assert larger.holds(needed)
    enlarged = current.enlarged(needed)
    assert enlarged.tts in (current.tts, -(-needed.tts // CAPACITY_STEP) * CAPACITY_STEP)
    assert current.doubled(needed).text < 2 * max(current.text, needed.text)


@given(longest=sizes, capacity=sizes)
def test_attention_reads_to_the_longest_row_and_no_further_than_the_cache(
    longest: CacheCapacity, capacity: CacheCapacity
) -> None:
    limit = AttentionLimit.of(longest, capacity)
    assert min(longest.tts, capacity.tts) <= limit.tts <= capacity.tts
    assert limit.text <= longest.text + LIMIT_STEP - 1
