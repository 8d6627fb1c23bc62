"""Speaks broken speech again, with the next seed, and keeps the best of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from vvcli.engine.engine import Engine
from vvcli.engine.stream import End, Stream, StreamFrame
from vvcli.samples import Samples
from vvcli.speech.faults import Verdict, expected_samples, judge
from vvcli.speech.values import Retried


@dataclass(frozen=True)
class Retry:
    """A stream that was spoken again."""

    takes: int  # how often it was spoken
    kept: int  # the take that was kept, from 0: its seed is the one asked for plus this
    fault: str  # of the first take
    remaining: str | None  # fault of the take that was kept; None where it is sound


@dataclass
class _Take:
    frames: list[Samples]
    verdict: Verdict
    end: End


@dataclass
class _Judged:
    """A stream that was submitted, its frames so far, and its best take."""

    stream: Stream  # as it was submitted
    current: Stream  # that speaks now
    takes: int = 1
    frames: list[Samples] = field(default_factory=list)
    first: Verdict | None = None
    best: _Take | None = None
    kept: int = 0


class RetryEngine:
    """An engine whose streams come out when they are judged, all of their frames together.

    A stream that is broken, as `faults.py` measures it, is spoken again with its seed plus 1, 2 and
    so on, at most `retries` times, until it is sound; otherwise the least broken take is kept.

    Attributes:
        held: samples that wait to be judged.
        retried: by the numbers of streams that have ended.
    """

    def __init__(self, engine: Engine, retries: int) -> None:
        self._engine = engine
        self._retries = retries
        self._hop = engine.config.decoder.hop
        self._frames_per_token = engine.config.frames_per_token
        self._judged: dict[Stream, _Judged] = {}  # by the stream that speaks now
        self._again: set[Stream] = set()  # not heard of yet
        self.no_samples = engine.no_samples
        self.held = 0
        self.retried: dict[int, Retry] = {}

    def submit(self, stream: Stream) -> None:
        """Queue a stream."""
        self._judged[stream] = _Judged(stream, stream)
        self._engine.submit(stream)

    def cancel(self, stream: Stream) -> None:
        """Stop a stream, whichever take it is at."""
        for judged in list(self._judged.values()):
            if judged.stream is stream:
                self._engine.cancel(judged.current)
                self._forget(judged)

    def step(self, *, admit: bool) -> Iterator[StreamFrame]:
        """One step of the engine; the frames of the streams that are kept now."""
        # What is spoken again may be what everything that is made ahead waits for.
        admit = admit or bool(self._again)
        for frame in self._engine.step(admit=admit):
            self._again.discard(frame.stream)
            judged = self._judged[frame.stream]
            if len(frame.samples):
                judged.frames.append(frame.samples)
                self.held += len(frame.samples)
            if frame.end is not None:
                yield from self._judge(judged, frame.end)

    def take_retried(self, stream: Stream, part: int) -> list[Retried]:
        """What happened to a stream that has ended, the record's part of this number; once."""
        retry = self.retried.pop(stream.number, None)
        if retry is None:
            return []
        seed = stream.noise.with_seed_after(retry.kept).seed
        return [Retried(part, seed, retry.takes, retry.fault, retry.remaining)]

    def _judge(self, judged: _Judged, end: End) -> Iterator[StreamFrame]:
        samples = np.concatenate([self.no_samples, *judged.frames])
        tokens = len(judged.stream.tokens)
        expected = expected_samples(tokens, self._frames_per_token, self._hop)
        verdict = judge(samples, end, *expected)
        judged.first = judged.first or verdict
        if judged.best is None or verdict.badness < judged.best.verdict.badness:
            self.held -= sum(map(len, judged.best.frames)) if judged.best else 0
            judged.best = _Take(judged.frames, verdict, end)
            judged.kept = judged.takes - 1
        else:
            self.held -= len(samples)
        judged.frames = []
        if verdict.fault is not None and judged.takes <= self._retries:
            self._speak_again(judged)
            return
        best = judged.best
        if judged.takes > 1 and judged.first.fault is not None:
            remaining = best.verdict.fault
            self.retried[judged.stream.number] = Retry(
                judged.takes,
                judged.kept,
                judged.first.fault.value,
                remaining.value if remaining else None,
            )
        self._forget(judged)
        judged.stream.end = best.end
        for samples in best.frames[:-1]:
            yield StreamFrame(judged.stream, samples, None)
        yield StreamFrame(judged.stream, (best.frames or [self.no_samples])[-1], best.end)

    def _speak_again(self, judged: _Judged) -> None:
        del self._judged[judged.current]
        stream = judged.stream
        judged.current = Stream(
            number=stream.number,
            tokens=stream.tokens,
            voice=stream.voice,
            noise=stream.noise.with_seed_after(judged.takes),
            guidance=stream.guidance,
            max_frames=stream.max_frames,
        )
        judged.takes += 1
        self._judged[judged.current] = judged
        self._again.add(judged.current)
        self._engine.submit(judged.current)

    def _forget(self, judged: _Judged) -> None:
        """Nothing of it is held any more."""
        del self._judged[judged.current]
        self._again.discard(judged.current)
        best = judged.best.frames if judged.best else []
        self.held -= sum(map(len, judged.frames)) + sum(map(len, best))
