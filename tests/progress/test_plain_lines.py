from __future__ import annotations

import io

import pytest

from vvcli.progress.plain_lines import INTERVAL, PlainProgress
from vvcli.progress.tally import Tally
from vvcli.speech.values import Chunk, Status

from .clock import Clock, chunk


def add(progress: PlainProgress, tally: Tally, part: Chunk) -> None:
    tally.add(part)
    progress.chunk(part, tally)


def test_a_line_every_few_seconds_and_one_at_the_end() -> None:
    clock, stream = Clock(), io.StringIO()
    tally, progress = Tally(clock), PlainProgress(stream)
    lines = []
    for _ in range(40):
        clock.now += INTERVAL / 10
        add(progress, tally, chunk(1, Status.OK))
        lines.append(stream.getvalue().count("\n"))
    assert lines == [i // 10 for i in range(40)]
    progress.finish(tally)
    assert stream.getvalue().splitlines()[-1] == f"vvcli: {tally}"


@pytest.mark.parametrize("blank", [0, 1, 3])
def test_the_last_line_is_said_once(blank: int) -> None:
    """One is due when the last record ends; blank lines may follow it."""
    clock, stream = Clock(), io.StringIO()
    tally, progress = Tally(clock), PlainProgress(stream)
    clock.now += 1.5 * INTERVAL
    add(progress, tally, chunk(10))
    clock.now += 1.5 * INTERVAL
    add(progress, tally, chunk(10, Status.OK))
    for _ in range(blank):
        clock.now += 1.5 * INTERVAL
        add(progress, tally, chunk(0, Status.BLANK))
    progress.finish(tally)
    first, last = stream.getvalue().splitlines()
    assert first == "vvcli: 0.0 s audio in 7.5 s"
    assert last == f"vvcli: {tally}"


def test_what_is_due_comes_before_what_went_wrong_after_it() -> None:
    clock, stream = Clock(), io.StringIO()
    tally, progress = Tally(clock), PlainProgress(stream)
    clock.now += INTERVAL
    add(progress, tally, chunk(10, Status.OK))
    add(progress, tally, chunk(0, Status.FAILED, "no voice"))
    due, wrong = stream.getvalue().splitlines()
    assert due.startswith("vvcli: 1 record, ")
    assert wrong == "vvcli: no voice"


def test_a_pause_is_one_line_and_not_many() -> None:
    clock, stream = Clock(), io.StringIO()
    tally, progress = Tally(clock), PlainProgress(stream)
    clock.now += 10 * INTERVAL
    for _ in range(3):
        add(progress, tally, chunk(1))
    assert stream.getvalue().count("\n") == 1


def test_what_went_wrong_is_said_even_when_quiet() -> None:
    clock, stream = Clock(), io.StringIO()
    tally, progress = Tally(clock), PlainProgress(stream, quiet=True)
    progress.note("loading")
    progress.chunk(chunk(0, Status.FAILED, "book.txt:5: no voice"), tally)
    progress.chunk(chunk(1, Status.OK), tally)
    progress.chunk(chunk(1, Status.TRUNCATED, "book.txt:5: the context is full"), tally)
    clock.now += 10 * INTERVAL
    progress.chunk(chunk(1, Status.OK), tally)
    progress.finish(tally)
    first, second = stream.getvalue().splitlines()
    assert first == "vvcli: book.txt:5: no voice"
    assert second == "vvcli: book.txt:5: the context is full"


@pytest.mark.parametrize("error", [OSError(28, "full"), BrokenPipeError(32, "left")])
def test_a_stderr_that_is_full_or_gone_stops_nothing(error: OSError) -> None:
    class Failing(io.StringIO):
        flushes = 0

        def flush(self) -> None:
            self.flushes += 1
            raise error

    stream = Failing()
    PlainProgress(stream).note("hello")
    assert stream.flushes == 1


def test_the_lines_say_that_it_starts_until_a_record_has_ended() -> None:
    clock, stream = Clock(), io.StringIO()
    tally, progress = Tally(clock), PlainProgress(stream)
    for part in (chunk(0, Status.BLANK), chunk(2_400), chunk(2_400, Status.OK), chunk(2_400)):
        clock.now += INTERVAL
        add(progress, tally, part)
    starting, first, second = stream.getvalue().splitlines()
    assert starting == "vvcli: starting, 5.0 s"
    assert first == "vvcli: 0.1 s audio in 10.0 s"
    assert second.startswith("vvcli: 1 record, 0.2 s audio in 15.0 s (0.01×)")
