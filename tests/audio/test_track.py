from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.audio.pcm import AudioWriter
from vvcli.audio.track import CHARACTERS_PER_SECOND, SHORTEST_SILENCE, Track
from vvcli.samples import SAMPLE_RATE, Samples
from vvcli.script.record import Record
from vvcli.speech.values import Chunk, Status

GAP = 0.25


class Memory(AudioWriter):
    """Remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.audio: list[Samples] = []

    def write(self, samples: Samples) -> None:
        self.audio.append(samples)
        self.samples += len(samples)

    def finish(self) -> None:
        pass


class Marks:
    def __init__(self) -> None:
        self.places: list[tuple[int, int, int, Status]] = []

    def cue(self, record: Record, start: int, end: int, status: Status) -> None:
        self.places.append((record.index, start, end, status))


def track(**options: Any) -> tuple[Track, Memory, Marks]:
    writer, marks = Memory(), Marks()
    cues: Any = marks
    return Track(writer, GAP, cues=cues, **options), writer, marks


def speak(to: Track, record: Record, pieces: list[int], status: Status) -> None:
    for piece in pieces:
        to.add(Chunk(record, np.full(piece, record.index + 1, np.float32)))
    to.add(Chunk(record, np.zeros(0, np.float32), status))


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 40), max_size=3),
            st.sampled_from(list(Status)),
            st.none() | st.sampled_from([0.0, 0.1, 1.0]),
        ),
        max_size=8,
    )
)
def test_each_record_is_whole_and_the_gap_is_between_two_that_have_audio(
    parts: list[tuple[list[int], Status, float | None]],
) -> None:
    to, writer, marks = track()
    expected: list[float] = []
    places = []
    due = own = 0.0
    for index, (pieces, status, silence) in enumerate(parts):
        record = Record(index, "text", silence_after=silence)
        speak(to, record, pieces, status)
        if sum(pieces):
            expected += [0.0] * round(due * SAMPLE_RATE)
            places.append((index, len(expected), len(expected) + sum(pieces), status))
            expected += [index + 1.0] * sum(pieces)
            due = GAP if silence is None else silence
            own = silence or 0.0
    to.finish()
    expected += [0.0] * round(own * SAMPLE_RATE)
    audio = np.concatenate([*writer.audio, np.zeros(0, np.float32)])
    np.testing.assert_array_equal(audio, np.array(expected, np.float32))
    assert marks.places == places


@pytest.mark.parametrize(("text", "seconds"), [("A.", SHORTEST_SILENCE), ("x" * 140, 10.0)])
def test_silence_stands_for_a_record_that_failed(text: str, seconds: float) -> None:
    assert CHARACTERS_PER_SECOND == 14
    to, writer, marks = track(on_error="silence")
    speak(to, Record(0, "Fine."), [100], Status.OK)
    speak(to, Record(1, text), [], Status.FAILED)
    speak(to, Record(2, "Fine."), [100], Status.OK)
    gap, silence = round(GAP * SAMPLE_RATE), round(seconds * SAMPLE_RATE)
    assert writer.samples == 200 + 2 * gap + silence
    starts = [start for _, start, _, _ in marks.places]
    assert starts == [0, 100 + gap, 100 + 2 * gap + silence]


@pytest.mark.parametrize("on_error", ["skip", "stop"])
def test_otherwise_nothing_of_it_is_written(on_error: str) -> None:
    to, writer, _ = track(on_error=on_error)
    speak(to, Record(0, "Lost."), [], Status.FAILED)
    assert writer.samples == 0
