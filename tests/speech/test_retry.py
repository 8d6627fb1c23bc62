"""Streams that are broken once, twice or always, on an engine that only remembers."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.conftest import TINY
from tests.speech.test_faults import HOP, RATE, TOKENS, speech
from vvcli import Synthesizer
from vvcli.engine.stream import End, NoiseSource, Stream, StreamFrame
from vvcli.samples import Samples
from vvcli.script.record import Record
from vvcli.speech.faults import Fault, Verdict
from vvcli.speech.retry import Retry, RetryEngine
from vvcli.speech.values import Status

SOUND, LONG, LONGER = speech(2.3), speech(8.0), speech(12.0)
VOICE: Any = SimpleNamespace(tts_kv=np.zeros((1, 1, 1, 1)), lm_kv=np.zeros((1, 1, 1, 1)))


class Engine:
    """Speaks `takes[seed]` for a stream, a frame a step."""

    def __init__(self, takes: Callable[[int], tuple[Samples, End]]) -> None:
        self.config = SimpleNamespace(decoder=SimpleNamespace(hop=HOP), frames_per_token=RATE)
        self.no_samples = np.zeros(0, np.float32)
        self.takes = takes
        self.streams: list[Stream] = []
        self.admitted: list[bool] = []
        self.cancelled: list[Stream] = []

    def submit(self, stream: Stream) -> None:
        self.streams.append(stream)

    def cancel(self, stream: Stream) -> None:
        self.cancelled.append(stream)

    def step(self, *, admit: bool) -> list[StreamFrame]:
        self.admitted.append(admit)
        frames = []
        for stream in self.streams:
            samples, end = self.takes(stream.noise.seed)
            start = stream.frames * 8000
            stream.frames += 1
            last = start + 8000 >= len(samples)
            frames.append(StreamFrame(stream, samples[start : start + 8000], end if last else None))
        ended = {frame.stream for frame in frames if frame.end}
        self.streams = [stream for stream in self.streams if stream not in ended]
        return frames


def stream(number: int = 0, seed: int = 5) -> Stream:
    return Stream(number, range(TOKENS), VOICE, NoiseSource(seed, 1, 4), 1.5)


def spoken(
    takes: Callable[[int], tuple[Samples, End]], retries: int
) -> tuple[Samples, End, RetryEngine, list[bool]]:
    engine: Any = Engine(takes)
    retry = RetryEngine(engine, retries)
    asked = stream()
    retry.submit(asked)
    frames: list[StreamFrame] = []
    while not frames:
        frames = list(retry.step(admit=False))
        assert len(engine.admitted) < 200
    assert {frame.stream for frame in frames} == {asked}
    assert [frame.end is None for frame in frames[:-1]] == [True] * (len(frames) - 1)
    assert frames[-1].end is not None
    assert retry.held == 0
    return np.concatenate([each.samples for each in frames]), frames[-1].end, retry, engine.admitted


def test_sound_speech_is_kept_as_it_is() -> None:
    samples, end, retry, admitted = spoken(lambda seed: (SOUND, End.EOS), 3)
    assert np.array_equal(samples, SOUND)
    assert (end, retry.retried) == (End.EOS, {})
    assert not any(admitted)


def test_broken_speech_is_spoken_with_the_next_seeds_until_it_is_sound() -> None:
    takes = {5: LONG, 6: LONGER, 7: SOUND, 8: SOUND}
    samples, _, retry, admitted = spoken(lambda seed: (takes[seed], End.EOS), 3)
    assert np.array_equal(samples, SOUND)
    assert retry.retried == {0: Retry(3, 2, "runs on beyond its text", None)}
    assert any(admitted)  # or what is made ahead would wait for it for ever


def test_the_least_broken_take_is_kept() -> None:
    takes = {5: LONGER, 6: LONG, 7: speech(20.0)}
    samples, _, retry, _ = spoken(lambda seed: (takes[seed], End.EOS), 2)
    assert np.array_equal(samples, LONG)
    assert retry.retried == {0: Retry(3, 1, "runs on beyond its text", "runs on beyond its text")}


def test_speech_that_the_engine_ended_as_broken_can_come_right() -> None:
    takes = {5: (SOUND[:8000], End.BROKEN), 6: (SOUND, End.EOS)}
    samples, end, retry, _ = spoken(lambda seed: takes[seed], 1)
    assert (end, len(samples)) == (End.EOS, len(SOUND))
    assert retry.retried[0].fault == "is not finite"


def test_a_stream_that_stays_broken_ends_so() -> None:
    empty = SOUND[:0]
    samples, end, retry, _ = spoken(lambda seed: (empty, End.BROKEN), 2)
    assert (len(samples), end) == (0, End.BROKEN)
    assert retry.retried == {0: Retry(3, 0, "is not finite", "is not finite")}


def test_what_is_cancelled_is_the_take_that_speaks() -> None:
    engine: Any = Engine(lambda seed: (LONG, End.EOS))
    retry = RetryEngine(engine, 5)
    asked = stream()
    retry.submit(asked)
    while len(engine.admitted) < 30:
        assert not list(retry.step(admit=True))
    retry.cancel(asked)
    assert engine.cancelled == engine.streams
    assert engine.cancelled[0] is not asked
    assert retry.held == 0


@pytest.mark.slow
def test_a_synthesizer_keeps_the_seed_that_is_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever seed is kept, its audio is that of a record with this seed."""
    verdicts = iter(
        [Verdict(None, 0.0)] + [Verdict(Fault.RUNS_ON, 3.0), Verdict(Fault.RUNS_ON, 2.0)] * 9
    )
    monkeypatch.setattr("vvcli.speech.retry.judge", lambda *_: next(verdicts))
    records = [Record(0, "Good morning.", seed=1), Record(1, "Go on.", seed=4)]
    told = Synthesizer(TINY, "Ada", streams=1, retries=1)
    first, second = told.speak(records)
    assert first.retried == ()
    [retried] = second.retried
    assert (retried.part, retried.seed, retried.takes) == (0, 5, 2)
    monkeypatch.undo()
    plain = Synthesizer(TINY, "Ada", streams=1)
    same = list(plain.speak([records[0], Record(1, "Go on.", seed=5)]))
    assert [u.status for u in same] == [Status.OK] * 2
    for one, other in zip([first, second], same, strict=True):
        np.testing.assert_allclose(one.samples, other.samples, atol=1e-6)


def test_what_is_made_ahead_does_not_lock_up() -> None:
    """Everything is broken, and nothing may be made ahead."""
    told = Synthesizer(TINY, "Ada", streams=1, retries=1, max_ahead=0)
    assert len(list(told.speak(["Go.", "On."]))) == 2
