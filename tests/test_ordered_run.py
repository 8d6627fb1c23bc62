"""Frames in any order of records in, chunks in order out; with an engine that only remembers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from vvcli.engine.stream import End, StreamFrame
from vvcli.ordered_run import JOINED, Due, OrderedRun
from vvcli.script.record import Record
from vvcli.utterance import Chunk, Status

FRAME = JOINED // 8


@dataclass(eq=False)
class Stream:
    """What is known of a stream here."""

    number: int
    made: int = 0  # frames


class Engine:
    """Takes streams; frames are given to it to be the result of the next step."""

    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self.frames: list[StreamFrame] = []

    def submit(self, stream: Stream) -> None:
        self.streams.append(stream)

    def step(self, *, admit: bool) -> list[StreamFrame]:
        frames, self.frames = self.frames, []
        return frames


def speak(engine: Engine, run: OrderedRun, number: int, frames: int, *, ends: bool) -> None:
    """Let stream `number` make `frames` frames, numbered in their samples."""
    stream = engine.streams[number]
    for i in range(frames):
        stream.made += 1
        samples = np.full(FRAME, 1000 * number + stream.made, dtype=np.float32)
        end = End.EOS if ends and i == frames - 1 else None
        engine.frames.append(StreamFrame(stream, samples, end))  # type: ignore[arg-type]
    run.step(admit=True)


def start(records: int) -> tuple[Engine, OrderedRun]:
    engine = Engine()

    def streams(_record: Record, number: int) -> list[Any]:
        return [Stream(number)]

    run = OrderedRun(engine, streams)  # type: ignore[arg-type]
    for index in range(records):
        run.start(Record(index, f"Record {index}."))
    return engine, run


def ready(run: OrderedRun, most: int | None = None) -> list[Chunk]:
    return [due.join() for due in run.ready(most)]


def frames_of(chunks: list[Chunk]) -> list[tuple[int, float]]:
    """Record and first sample of every frame."""
    return [
        (chunk.record.index, float(first))
        for chunk in chunks
        for first in chunk.samples.reshape(-1, FRAME)[:, 0]
    ]


def test_the_head_comes_frame_by_frame_and_the_others_joined() -> None:
    engine, run = start(3)
    speak(engine, run, 0, 1, ends=False)
    speak(engine, run, 1, 20, ends=True)
    (first,) = ready(run)
    assert (len(first.samples), first.status) == (FRAME, None)
    assert run.ahead == 20 * FRAME
    speak(engine, run, 0, 1, ends=True)
    speak(engine, run, 2, 2, ends=True)
    found = ready(run)
    assert [len(chunk.samples) // FRAME for chunk in found] == [1, 8, 8, 4, 2]
    assert [chunk.status for chunk in found] == [Status.OK, None, None, Status.OK, Status.OK]
    numbers = [(0, 2)] + [(1, 1001 + i) for i in range(20)] + [(2, 2001), (2, 2002)]
    assert frames_of(found) == numbers
    assert (run.ahead, run.idle) == (0, True)


def test_what_comes_due_at_once_can_be_handed_out_over_time() -> None:
    engine, run = start(3)
    for number in (2, 1):
        speak(engine, run, number, 20, ends=True)
    assert not ready(run)
    speak(engine, run, 0, 1, ends=True)
    found = []
    for handed_out in (1 + 8, 8 + 4, 8 + 8, 4):
        some = ready(run, 9 * FRAME)
        assert sum(len(chunk.samples) for chunk in some) == handed_out * FRAME
        found += some
        assert run.ahead == (41 - len(frames_of(found))) * FRAME
    expected = [(0, 1.0)]
    expected += [(number, 1000 * number + i) for number in (1, 2) for i in range(1, 21)]
    assert frames_of(found) == expected
    assert [chunk.record.index for chunk in found if chunk.status] == [0, 1, 2]


def test_a_blank_record_costs_nothing_of_what_is_handed_out() -> None:
    engine, run = start(1)
    for index in range(1, 4):
        run.start(Record(index, " "))
    speak(engine, run, 0, 1, ends=True)
    found = ready(run, 2 * FRAME)
    assert [chunk.status for chunk in found] == [Status.OK, *[Status.BLANK] * 3]


@pytest.mark.parametrize("rows", [[1], [0, 2], [2, 1, 1]])
def test_frames_are_joined_in_their_order(rows: list[int]) -> None:
    frames = np.arange(12, dtype=np.float32).reshape(4, 3)
    joined = Due(Record(0, "A."), [frames[row] for row in rows], None, None, 0).join().samples
    assert joined.tolist() == [sample for row in rows for sample in frames[row]]
