"""An engine that makes frames of numbers, one a step for every stream, as fast as it is asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from vvcli.engine.stream import End, StreamFrame
from vvcli.errors import RecordError
from vvcli.script.record import Record
from vvcli.speech.session_engine import SessionEngine
from vvcli.speech.sessions import SpeechSession
from vvcli.speech.spoken_record import SpokenPart, SpokenRecord

HOP = 240  # samples: 10 ms


@dataclass(eq=False)
class FakeStream:
    """Makes a frame for each letter of its text: samples are letter codes."""

    number: int
    text: str
    made: int = 0
    paused: bool = False
    end: End | None = None


class FakeEngine:
    """As `Engine`, of so many slots; `gate` holds each step back until it is released."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.no_samples = np.zeros(0, dtype=np.float32)
        self.waiting: list[FakeStream] = []
        self.running: list[FakeStream] = []
        self.stalled = False
        self.widest = 0
        self.steps = 0
        self.fails = False
        self.gate: threading.Semaphore | None = None

    @property
    def busy(self) -> bool:
        return bool(self.waiting or self.running)

    def submit(self, stream: FakeStream) -> None:
        if not stream.text.isprintable():
            raise ValueError("it has no tokens")
        self.waiting.append(stream)

    def cancel(self, stream: FakeStream) -> None:
        stream.end = End.CANCELLED
        self.waiting = [each for each in self.waiting if each is not stream]
        self.running = [each for each in self.running if each is not stream]

    def pause(self, stream: FakeStream, *, paused: bool = True) -> None:
        stream.paused = paused

    def step(self) -> list[StreamFrame]:
        if self.gate is not None:
            self.gate.acquire()
        if self.fails:
            raise RuntimeError("a cable was pulled")
        self.steps += 1
        while self.waiting and len(self.running) < self.slots:
            self.running.append(self.waiting.pop(0))
        self.widest = max(self.widest, len(self.running) + len(self.waiting))
        frames = []
        for stream in [each for each in self.running if not each.paused]:
            samples = np.full(HOP, ord(stream.text[stream.made]), dtype=np.float32)
            stream.made += 1
            if stream.made == len(stream.text):
                stream.end = End.EOS
                self.running.remove(stream)
            frames.append(StreamFrame(stream, samples, stream.end))  # type: ignore[arg-type]
        self.stalled = not frames
        return frames


def streams(record: Record, number: int) -> tuple[SpokenRecord, list[Any]]:
    """A stream for each half of a text with `|` in it."""
    if record.error is not None:
        raise RecordError(record.error)
    texts = record.text.split("|")
    parts = [SpokenPart(text, [], None, pause=HOP) for text in texts]  # type: ignore[arg-type]
    return SpokenRecord(record, tuple(parts)), [FakeStream(number, part.text) for part in parts]


def session_engine(engine: FakeEngine) -> SessionEngine:
    return SessionEngine(lambda: engine, engine.no_samples, engine.slots, threading.Lock())


def heard(session: SpeechSession) -> list[tuple[int, str]]:
    """What `session` says until it ends: index and letters of each record."""
    found: list[tuple[int, str]] = []
    text = ""
    for chunk in session:
        text += "".join(chr(int(code)) for code in chunk.samples[::HOP])
        if chunk.status is not None:
            found.append((chunk.record.index, text))
            text = ""
    assert text == "", "a record without an end"
    return found
