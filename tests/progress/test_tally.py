from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.progress.tally import Tally, duration
from vvcli.speech.values import Status

from .clock import Clock, chunk


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([None, *Status])), max_size=20))
def test_every_chunk_is_counted_once(parts: list[tuple[int, Status | None]]) -> None:
    tally = Tally(Clock())
    for samples, status in parts:
        tally.add(chunk(samples, status))
    ends = [status for _, status in parts]
    assert tally.samples == sum(samples for samples, _ in parts)
    assert tally.failed == ends.count(Status.FAILED)
    assert tally.blank == ends.count(Status.BLANK)
    assert tally.truncated == ends.count(Status.TRUNCATED)
    assert tally.spoken == ends.count(Status.OK) + tally.truncated
    assert tally.records == len(ends) - ends.count(None) - tally.blank


def test_first_audio_is_the_first_chunk_that_has_any() -> None:
    clock = Clock()
    tally = Tally(clock)
    clock.now += 1
    tally.add(chunk(0, Status.BLANK))
    assert tally.first_audio is None
    clock.now += 2
    tally.add(chunk(5))
    clock.now += 3
    tally.add(chunk(5, Status.OK))
    assert tally.first_audio == 3
    assert tally.elapsed == 6


def test_the_line() -> None:
    clock = Clock()
    tally = Tally(clock)
    clock.now += 0.41
    tally.add(chunk(24000 * 60, Status.OK))
    clock.now += 11.59
    assert str(tally) == "1 record, 1:00 audio in 12.0 s (5.00×), first audio 0.41 s"
    for status in (Status.FAILED, Status.FAILED, Status.TRUNCATED, Status.BLANK):
        tally.add(chunk(0, status))
    assert str(tally).startswith("4 records, 2 failed, 1 truncated, 1:00 audio")


def test_the_line_of_an_instant() -> None:
    tally = Tally(Clock())
    assert str(tally) == "0 records, 0.0 s audio in 0.0 s (0.00×)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (4.24, "4.2 s"),
        (59.94, "59.9 s"),
        (59.97, "1:00"),
        (60, "1:00"),
        (192.4, "3:12"),
        (3599.6, "1:00:00"),
        (7083, "1:58:03"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
