"""Workers without a process: what they do next, and when they die, is drawn by a test."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vvcli.fleet.channel import Message
from vvcli.fleet.plain_values import ChunkMessage, record_of
from vvcli.samples import Samples, SampleType
from vvcli.script.record import Record

# What is done next: a number below the one given.
Draw = Callable[[int], int]


def audio(record: Record) -> Samples:
    """What every worker makes of a record: its samples tell record and place."""
    return np.arange(len(record.text), dtype=np.int16) + 100 * record.index


@dataclass
class FakeWorker:
    """What a worker has been told."""

    up: bool = True
    run: int = 0
    admit: bool = True
    tickets: dict[int, Record] = field(default_factory=dict)
    sent: dict[int, int] = field(default_factory=dict)  # samples
    chunks: dict[tuple[int, int], Samples] = field(default_factory=dict)


class FakePool:
    """A `Pool` whose workers speak a piece of something, or die, whenever it is waited for."""

    sample_type: SampleType = "int16"
    streams = 2

    def __init__(self, workers: int, draw: Draw, *, deaths: int = 0) -> None:
        self.names = [f"fake {number}" for number in range(workers)]
        self.workers = [FakeWorker() for _ in range(workers)]
        self.deaths = deaths
        self.poison: set[int] = set()  # indices of records that kill
        self.heads: list[int] = []
        self.closed = False
        self._draw = draw
        self._starting: deque[int] = deque()
        self._position = 0

    @property
    def started(self) -> list[int]:
        return [number for number, worker in enumerate(self.workers) if worker.up]

    def start(self, worker: int) -> None:
        assert not self.workers[worker].up
        self._starting.append(worker)

    def send(self, worker: int, *message: Any) -> None:
        kind, run, *values = message
        state = self.workers[worker]
        if not state.up:
            return
        if kind == "run":
            state.run, state.tickets, state.sent = run, {}, {}
            return
        assert run == state.run
        if kind == "take":
            assert values[0] not in state.tickets
            state.tickets[values[0]] = record_of(values[1])
        elif kind == "admit":
            state.admit = values[0]
        elif kind == "head":
            self.heads.append(values[0])
        else:
            assert kind in ("stop", "end")

    def wait(self, seconds: float | None = None) -> list[tuple[int, Message]]:
        busy = [n for n, worker in enumerate(self.workers) if worker.up and worker.tickets]
        if self._starting and (not busy or self._draw(3) == 0):
            worker = self._starting.popleft()
            self.workers[worker] = FakeWorker()
            return [(worker, ["ready", {}])]
        if not busy:
            return []
        worker = busy[self._draw(len(busy))]
        state = self.workers[worker]
        if self.poison.intersection(record.index for record in state.tickets.values()):
            return [(worker, self._die(worker))]
        if self.deaths and self._draw(4) == 0:
            self.deaths -= 1
            return [(worker, self._die(worker))]
        ticket = sorted(state.tickets)[self._draw(len(state.tickets))]
        return [(worker, self._speak(state, ticket))]

    def _die(self, worker: int) -> Message:
        self.workers[worker].up = False
        self.workers[worker].tickets = {}
        return ["died", "was killed by SIGKILL"]

    def _speak(self, state: FakeWorker, ticket: int) -> Message:
        record = state.tickets[ticket]
        samples = audio(record)
        start = state.sent.get(ticket, 0)
        end = start + 1 + self._draw(len(samples) + 1)
        piece, last = samples[start:end], end > len(samples)
        state.sent[ticket] = end
        if last:
            del state.tickets[ticket]
        self._position += 1
        state.chunks[self._position, len(piece)] = piece
        status = "ok" if last else None
        facts = (self._position, len(piece), status, None, True, 0, 1, 0)
        return ["chunk", state.run, *ChunkMessage(ticket, *facts)]

    def read(
        self, worker: int, position: int, length: int, sample_type: SampleType | None = None
    ) -> Samples:
        return self.workers[worker].chunks.pop((position, length))

    def kill(self, worker: int) -> None:
        self._die(worker)

    def wake(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True
