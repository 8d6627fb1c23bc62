"""Frames in any order of records in, chunks in order out; with an engine that only remembers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.engine.stream import End, StreamFrame
from vvcli.samples import MAX_CHUNK_SAMPLES
from vvcli.script.record import Record
from vvcli.speech import run as run_module
from vvcli.speech.run import OrderedRun, PendingChunk
from vvcli.speech.spoken_record import SpokenPart, SpokenRecord
from vvcli.speech.values import Chunk, Status

FRAME = MAX_CHUNK_SAMPLES // 8


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
        self.no_samples = np.zeros(0, dtype=np.float32)

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

    def streams(record: Record, number: int) -> tuple[SpokenRecord, list[Any]]:
        part = SpokenPart(record.text, [], None)  # type: ignore[arg-type]
        return SpokenRecord(record, (part,)), [Stream(number)]

    run = OrderedRun(engine, streams)  # type: ignore[arg-type]
    for index in range(records):
        run.start(Record(index, f"Record {index}."))
    return engine, run


def ready(run: OrderedRun) -> list[Chunk]:
    return [due.join() for due in run.ready()]


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


def test_a_record_with_a_broken_part_has_failed() -> None:
    engine = Engine()

    def streams(record: Record, number: int) -> tuple[SpokenRecord, list[Any]]:
        part = SpokenPart(record.text, [], None)  # type: ignore[arg-type]
        return SpokenRecord(record, (part, part)), [Stream(number), Stream(number + 1)]

    run = OrderedRun(engine, streams)  # type: ignore[arg-type]
    run.start(Record(4, "Two parts.", source="a.txt:5"))
    broken = StreamFrame(engine.streams[0], engine.no_samples, End.BROKEN)  # type: ignore[arg-type]
    full = StreamFrame(engine.streams[1], engine.no_samples, End.TRUNCATED)  # type: ignore[arg-type]
    engine.frames = [broken, full]
    run.step(admit=True)
    last = ready(run)[-1]
    assert last.status is Status.FAILED
    assert last.error == "a.txt:5: the model made samples that are not finite, or far too loud"


def test_a_record_that_was_cut_short_says_why() -> None:
    engine, run = start(1)
    full = StreamFrame(engine.streams[0], engine.no_samples, End.TRUNCATED)  # type: ignore[arg-type]
    engine.frames = [full]
    run.step(admit=True)
    last = ready(run)[-1]
    assert last.status is Status.TRUNCATED
    assert last.error == (
        f"record {last.record.index}: the model's context is full, "
        "the rest of the text is not spoken"
    )


def test_blank_records_come_in_their_turn() -> None:
    engine, run = start(1)
    for index in range(1, 4):
        run.start(Record(index, " "))
    assert run.records == 4
    assert not ready(run)
    speak(engine, run, 0, 1, ends=True)
    found = ready(run)
    assert [chunk.status for chunk in found] == [Status.OK, *[Status.BLANK] * 3]
    assert [chunk.record.index for chunk in found] == [0, 1, 2, 3]
    assert run.records == 0


@pytest.mark.parametrize("rows", [[1], [0, 2], [2, 1, 1]])
def test_frames_are_joined_in_their_order(rows: list[int]) -> None:
    frames = np.arange(12, dtype=np.float32).reshape(4, 3)
    joined = (
        PendingChunk(Record(0, "A."), [frames[row] for row in rows], None, None, 0).join().samples
    )
    assert joined.tolist() == [sample for row in rows for sample in frames[row]]


@given(st.lists(st.integers(0, 3) | st.sampled_from([7, 9, 10]), min_size=1, max_size=40))
def test_chunks_are_bounded_whatever_they_are_joined_of(lengths: list[int]) -> None:
    """A pause is in pieces of ten seconds, behind frames of a few milliseconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "MAX_CHUNK_SAMPLES", 10)
        engine, run = start(1)
        for number, length in enumerate(lengths):
            samples = np.full(length, number, np.float32)
            end = End.EOS if number == len(lengths) - 1 else None
            engine.frames = [StreamFrame(engine.streams[0], samples, end)]  # type: ignore[arg-type]
            run.step(admit=True)
        found = ready(run)
    assert all(len(chunk.samples) <= 10 for chunk in found)
    assert [chunk.status for chunk in found] == [None] * (len(found) - 1) + [Status.OK]
    expected = [number for number, length in enumerate(lengths) for _ in range(length)]
    assert np.concatenate([chunk.samples for chunk in found]).tolist() == expected
