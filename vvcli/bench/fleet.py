"""Simulates a fleet: the real dispatcher, with workers that are but slots, queues and a clock."""

from __future__ import annotations

import heapq
import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from vvcli.fleet.dispatcher import Dispatcher
from vvcli.fleet.many import QUEUE_PER_STREAM
from vvcli.script.feed import seconds_ahead

CHARACTERS_PER_SECOND = 14.0  # of speech
RESTART = 15.0  # seconds until a worker that died speaks again

# Sentences of English prose, where no text is given: log-normal, as lengths of sentences are.
MEDIAN_CHARACTERS, SPREAD = 85.0, 0.65
MAX_CHARACTERS = 1_000


@dataclass(frozen=True)
class FleetTrial:
    """A simulated run. Times are in seconds of its clock, but for those of the dispatcher."""

    order: str
    workers: int
    streams: int
    records: int
    deaths: int
    elapsed_s: float
    idle_percent: float  # of the slots of workers that were up, until the last record was made
    lost_percent: float  # of the work, done again after deaths
    twice: int  # records that counted twice; none may
    missing: int  # records that were never made; none may
    dispatch_us: float  # of a record, in the dispatcher
    worst_head_wait_s: float | None  # until a record begins when it is its turn to be heard
    max_ahead_seen_s: float | None  # audio that waited for the head


def prose_lengths(count: int, seed: int = 0) -> list[int]:
    """Characters of so many sentences, as prose has them."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    return [
        min(MAX_CHARACTERS, 1 + int(MEDIAN_CHARACTERS * chance.lognormvariate(0, SPREAD)))
        for _ in range(count)
    ]


@dataclass
class _SimulatedWorker:
    streams: int
    up: bool = True
    since: float = 0.0  # when it was started
    up_s: float = 0.0  # until then
    life: int = 0
    speaking: dict[int, float] = field(default_factory=dict)  # tickets, and when they began
    queue: deque[int] = field(default_factory=deque)


class FleetSimulation:
    """Workers that speak records of given lengths, and die at random.

    Args:
        lengths: characters of each record, in order.
        workers: how many.
        streams: of each.
        speed: seconds of audio a second that one stream makes.
        deaths: how many, at times spread evenly.
        in_order: as `speak` hands out; else as `batch`.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        *,
        workers: int,
        streams: int,
        speed: float,
        deaths: int,
        in_order: bool,
        seed: int = 0,
    ) -> None:
        self._lengths = lengths
        self._streams = streams
        self._in_order = in_order
        self._speed = speed
        self._workers = [_SimulatedWorker(streams) for _ in range(workers)]
        self._dispatcher = Dispatcher(
            workers, QUEUE_PER_STREAM * streams, longest_first=not in_order
        )
        self._max_ahead = seconds_ahead(None, workers * streams)
        self._events: list[tuple[float, int, str, int, int, int]] = []
        self._count = 0
        chance = random.Random(seed)  # noqa: S311
        total = sum(lengths) / CHARACTERS_PER_SECOND / speed / (workers * streams)
        for _ in range(deaths):
            self._plan(chance.uniform(0, total), "die", chance.randrange(workers))
        self._now = 0.0
        self._busy = self._lost = 0.0
        self._made: dict[int, int] = {}
        self._dispatch_ns = 0
        self._deaths = 0
        self._begun: set[int] = set()
        self._head = 0
        self._head_since = 0.0
        self._ahead = self._max_ahead_seen = self._worst_wait = 0.0

    def run(self) -> FleetTrial:
        """Go on until every record is made."""
        lengths = iter(self._lengths)
        for worker in range(len(self._workers)):
            self._dispatcher.start(worker)
        self._hand_out(lengths)
        while self._events and len(self._made) < len(self._lengths):
            self._now, _, kind, worker, life, ticket = heapq.heappop(self._events)
            if kind == "end":
                self._end(worker, life, ticket)
            elif kind == "die":
                self._die(worker)
            else:
                self._start(worker)
            self._hand_out(lengths)
        return self._result()

    def _plan(self, when: float, kind: str, worker: int, life: int = 0, ticket: int = 0) -> None:
        self._count += 1
        heapq.heappush(self._events, (when, self._count, kind, worker, life, ticket))

    def _hand_out(self, lengths: Iterator[int]) -> None:
        start = time.thread_time_ns()
        dispatcher = self._dispatcher
        ahead = not self._in_order or self._ahead <= self._max_ahead
        given: list[tuple[int, int]] = []
        while ahead and dispatcher.wants:
            length = next(lengths, None)
            if length is None:
                break
            dispatcher.add(length=length)
            if self._in_order:
                given += dispatcher.hand_out()
        given += dispatcher.hand_out(ahead=ahead)
        self._dispatch_ns += time.thread_time_ns() - start
        for worker, ticket in given:
            self._workers[worker].queue.append(ticket)
        for worker in {worker for worker, _ in given}:
            self._speak(worker)

    def _speak(self, worker: int) -> None:
        """Begin what waits in the queue, in free slots."""
        state = self._workers[worker]
        while state.queue and len(state.speaking) < state.streams:
            ticket = state.queue.popleft()
            state.speaking[ticket] = self._now
            self._begun.add(ticket)
            seconds = self._lengths[ticket] / CHARACTERS_PER_SECOND / self._speed
            self._plan(self._now + seconds, "end", worker, state.life, ticket)
            if ticket == self._head:
                self._worst_wait = max(self._worst_wait, self._now - self._head_since)

    def _end(self, worker: int, life: int, ticket: int) -> None:
        state = self._workers[worker]
        if life != state.life:  # it had died
            return
        self._busy += self._now - state.speaking.pop(ticket)
        start = time.thread_time_ns()
        counts = self._dispatcher.finish(worker, ticket)
        self._dispatch_ns += time.thread_time_ns() - start
        self._made[ticket] = self._made.get(ticket, 0) + counts
        self._speak(worker)
        if not self._in_order:
            self._begun.discard(ticket)
            return
        self._ahead += self._lengths[ticket] / CHARACTERS_PER_SECOND
        if ticket == self._head:
            while self._head in self._made:
                self._ahead -= self._lengths[self._head] / CHARACTERS_PER_SECOND
                self._begun.discard(self._head)
                self._head += 1
            self._head_since = self._now
        self._max_ahead_seen = max(self._max_ahead_seen, self._ahead)

    def _die(self, worker: int) -> None:
        state = self._workers[worker]
        if not state.up:
            return
        self._deaths += 1
        for begun in state.speaking.values():
            self._busy += self._now - begun
            self._lost += self._now - begun
        if self._head in state.speaking:
            self._head_since = self._now
        state.speaking.clear()
        state.queue.clear()
        state.up, state.life = False, state.life + 1
        state.up_s += self._now - state.since
        death = self._dispatcher.die(worker)
        for ticket in death.failed:
            self._made[ticket] = 1
        if death.restart:
            self._plan(self._now + RESTART, "start", worker)

    def _start(self, worker: int) -> None:
        state = self._workers[worker]
        state.up, state.since = True, self._now
        self._dispatcher.start(worker)

    def _result(self) -> FleetTrial:
        up = sum(
            worker.up_s + (self._now - worker.since if worker.up else 0.0)
            for worker in self._workers
        )
        records = len(self._lengths)
        return FleetTrial(
            order="speak" if self._in_order else "batch",
            workers=len(self._workers),
            streams=self._streams,
            records=records,
            deaths=self._deaths,
            elapsed_s=self._now,
            idle_percent=100 * (1 - self._busy / max(up * self._streams, 1e-9)),
            lost_percent=100 * self._lost / max(self._busy, 1e-9),
            twice=sum(count > 1 for count in self._made.values()),
            missing=records - len(self._made),
            dispatch_us=self._dispatch_ns / 1e3 / max(1, records),
            worst_head_wait_s=self._worst_wait if self._in_order else None,
            max_ahead_seen_s=self._max_ahead_seen if self._in_order else None,
        )
