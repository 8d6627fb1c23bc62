"""The scheduler with fakes: no torch, no model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.fakes import SPEECH_WINDOW, TEXT_WINDOW, Device, make_scheduler, make_stream
from vvcli.engine.scheduler import NO_MORE_TEXT
from vvcli.engine.stream import End


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    slots=st.integers(1, 9),
    shapes=st.lists(st.tuples(st.integers(1, 23), st.integers(1, 40)), max_size=20),
    max_windows=st.none() | st.integers(1, 4),
    power_of_two=st.booleans(),
)
def test_every_stream_runs_to_its_end(
    slots: int,
    shapes: list[tuple[int, int]],
    max_windows: int | None,
    power_of_two: bool,
) -> None:
    options: dict[str, Any] = {"max_windows": max_windows}
    if power_of_two:
        options["bucket"] = lambda count: 1 << (count - 1).bit_length()
    scheduler = make_scheduler(slots, **options)
    device = Device(scheduler, {n: frames for n, (_, frames) in enumerate(shapes)})
    streams = [make_stream(n, tokens) for n, (tokens, _) in enumerate(shapes)]
    for stream in streams:
        scheduler.submit(stream)
    device.drain()
    assert device.finished == dict.fromkeys(range(len(shapes)), End.EOS)
    for n, (tokens, frames) in enumerate(shapes):
        assert device.frames[n] == frames
        # Text in order, five at a time before every six frames, until the end of speech.
        given_before_end = min(tokens, TEXT_WINDOW * -(-frames // SPEECH_WINDOW))
        assert device.tokens[n] == list(range(given_before_end))


def test_text_comes_after_every_sixth_frame_until_there_is_none_left() -> None:
    scheduler = make_scheduler(1)
    scheduler.submit(make_stream(0, tokens=12))
    windows = []
    for step in range(20):
        plan = scheduler.plan()
        windows += [(step, window.tokens, window.frames) for window in plan.windows]
    assert windows == [
        (0, (0, 1, 2, 3, 4), SPEECH_WINDOW),
        (6, (5, 6, 7, 8, 9), SPEECH_WINDOW),
        (12, (10, 11), NO_MORE_TEXT),
    ]


def test_streams_are_admitted_in_order_into_the_lowest_slots_and_staggered() -> None:
    scheduler = make_scheduler(12)
    for number in range(12):
        scheduler.submit(make_stream(number))
    admitted = [scheduler.plan().admitted for _ in range(6)]
    assert [[stream.number for _, stream in step] for step in admitted] == [
        [0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 11],
    ]  # fmt: skip
    assert [slot for step in admitted for slot, _ in step] == list(range(12))


def test_a_full_look_ahead_admits_nobody_and_stops_nobody() -> None:
    scheduler = make_scheduler(4)
    device = Device(scheduler, {0: 3, 1: 3, 2: 3})
    scheduler.submit(make_stream(0))
    device.step()
    scheduler.submit(make_stream(1))
    scheduler.submit(make_stream(2))
    for _ in range(5):
        assert not device.step(admit=False).admitted
    assert device.finished == {0: End.EOS}
    device.drain()
    assert set(device.finished) == {0, 1, 2}


def test_the_head_of_the_line_gets_its_text_first_then_those_not_yet_heard() -> None:
    scheduler = make_scheduler(8, max_windows=1)
    device = Device(scheduler, {})
    for number in range(3):
        scheduler.submit(make_stream(number, tokens=500))
    order = [
        device.slots[window.slot].number for _ in range(40) for window in device.step().windows
    ]
    assert order[:4] == [0, 1, 2, 0]
    # One window per step serves three streams of six frames: nobody waits.
    assert max(device.frames.values()) - min(device.frames.values()) <= 3


def test_with_too_few_windows_nobody_starves() -> None:
    scheduler = make_scheduler(30, max_windows=1)
    device = Device(scheduler, dict.fromkeys(range(30), 20))
    for number in range(30):
        scheduler.submit(make_stream(number, tokens=500))
    device.drain(limit=1000)
    assert len(device.finished) == 30


@pytest.mark.parametrize("when", ["waiting", "running", "ended"])
def test_cancelling(when: str) -> None:
    scheduler = make_scheduler(1)
    device = Device(scheduler, {0: 4, 1: 4})
    first, second = make_stream(0), make_stream(1)
    scheduler.submit(first)
    scheduler.submit(second)
    device.step()
    target = second if when == "waiting" else first
    if when == "ended":
        for _ in range(4):
            device.step()
    scheduler.finish(target, End.CANCELLED)
    scheduler.finish(target, End.CANCELLED)  # twice is once
    expected = End.EOS if when == "ended" else End.CANCELLED
    assert target.end is expected
    device.drain()
    assert {first.end, second.end} == {expected, End.EOS}
    assert scheduler.running == scheduler.waiting == 0


@settings(max_examples=60, deadline=None)
@given(prompt=st.integers(1, 40), tokens=st.integers(1, 80), context=st.integers(41, 90))
def test_the_context_is_filled_as_in_the_reference(prompt: int, tokens: int, context: int) -> None:
    scheduler = make_scheduler(1, max_positions=context)
    device = Device(scheduler, {})
    stream = make_stream(0, tokens, prompt)
    scheduler.submit(stream)
    device.drain()
    # The loop of the reference: a window that does not fit is not run; a frame always is.
    length, given, frames = prompt, 0, 0
    while length <= context:
        window = min(TEXT_WINDOW, tokens - given)
        if window and length + window > context:
            break
        given, length = given + window, length + window
        for _ in range(SPEECH_WINDOW):
            frames, length = frames + 1, length + 1
            if length > context:
                break
    assert device.finished == {0: End.TRUNCATED}
    assert (len(device.tokens[0]), device.frames[0]) == (given, frames)


def test_the_last_streams_move_into_few_slots() -> None:
    scheduler = make_scheduler(6)
    device = Device(scheduler, dict.fromkeys(range(5), 3) | {5: 50})
    for number in range(6):
        scheduler.submit(make_stream(number))
    for _ in range(12):
        plan = device.step()
    assert set(device.finished) == set(range(5))
    assert plan.bucket == 1
    assert [stream.number for _, stream in plan.frames] == [5]


def test_on_a_gpu_steps_are_as_wide_at_once_as_waiting_streams_will_make_them() -> None:
    def buckets(**options: bool) -> list[int]:
        scheduler = make_scheduler(4, **options)
        for number in range(5):
            scheduler.submit(make_stream(number))
        return [scheduler.plan().bucket for _ in range(6)]

    assert buckets() == [0, 1, 2, 3, 4, 4]
    assert buckets(widens_at_once=True) == [0, 4, 4, 4, 4, 4]
    scheduler = make_scheduler(4, widens_at_once=True)
    scheduler.submit(make_stream(0))
    assert [scheduler.plan().bucket for _ in range(3)] == [0, 1, 1]
    scheduler.submit(make_stream(1))
    scheduler.submit(make_stream(2))
    assert scheduler.plan(admit=False).bucket == 1, "nobody joins"


def test_noise_is_due_before_the_first_frame_and_when_it_is_used_up() -> None:
    scheduler = make_scheduler(1)
    scheduler.submit(make_stream(0))
    assert not scheduler.plan().frames, "the first text comes before the first frame"
    due = [bool(scheduler.plan().noise_due) for _ in range(12)]
    assert due == [True, False, False, False] * 3


def test_a_stream_that_was_never_queued_is_cancelled() -> None:
    scheduler = make_scheduler(2)
    queued, never = make_stream(0), make_stream(1)
    scheduler.submit(queued)
    scheduler.finish(never, End.CANCELLED)
    assert never.end is End.CANCELLED
    assert scheduler.waiting == 1
    assert [stream for _, stream in scheduler.plan().admitted] == [queued]


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    slots=st.integers(1, 5),
    shapes=st.lists(st.tuples(st.integers(1, 23), st.integers(1, 20)), min_size=1, max_size=9),
    toggles=st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=60),
    max_windows=st.none() | st.integers(1, 2),
)
def test_paused_streams_stand_still_and_all_come_to_their_end(
    slots: int,
    shapes: list[tuple[int, int]],
    toggles: list[tuple[int, bool]],
    max_windows: int | None,
) -> None:
    scheduler = make_scheduler(slots, max_windows=max_windows)
    device = Device(scheduler, {n: frames for n, (_, frames) in enumerate(shapes)})
    streams = [make_stream(n, tokens) for n, (tokens, _) in enumerate(shapes)]
    for stream in streams:
        scheduler.submit(stream)
    for number, paused in toggles:
        if number < len(streams):
            scheduler.pause(streams[number], paused=paused)
        device.step()
        for slot, stream in device.slots.items():
            # A stream that ended by itself leaves its slot with the next plan.
            assert stream.end or (slot in device.halted) == stream.halted == stream.paused
    for stream in streams:
        scheduler.pause(stream, paused=False)
    device.drain()
    assert device.finished == dict.fromkeys(range(len(shapes)), End.EOS)
    assert dict(device.frames) == {n: frames for n, (_, frames) in enumerate(shapes)}


def test_a_paused_stream_keeps_its_slot_until_it_is_cancelled() -> None:
    scheduler = make_scheduler(1)
    device = Device(scheduler, {1: 4})
    first, second = make_stream(0), make_stream(1)
    scheduler.submit(first)
    scheduler.submit(second)
    device.step()
    scheduler.pause(first, paused=True)
    for _ in range(20):
        plan = device.step()
        assert [*plan.frames, *plan.windows, *plan.admitted] == []
    scheduler.finish(first, End.CANCELLED)
    assert [stream for _, stream in device.step().admitted] == [second]
    device.drain()
    assert device.finished == {1: End.EOS}
