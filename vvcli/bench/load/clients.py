"""Clients of a server that arrive at random, whether or not it keeps up, in one process or many."""

from __future__ import annotations

import json
import math
import os
import select
import selectors
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from vvcli.bench.load.listener import FAILED, UNFINISHED, WHOLE, Listener, Target, Visit
from vvcli.bench.load.trial import LONGEST_TAIL, Patience, arrivals

POLL_MS = 200
SOON = 0.05  # seconds from the start of the processes to that of the trial, each


@dataclass(frozen=True)
class Plan:
    """A trial, in seconds from its start.

    Attributes:
        rate: sessions a second, in all processes together.
        start, end: of the measurement; sessions keep arriving until those of it have ended.
        limit: time to the first audible sample beyond which a session has waited too long; when it
            is infinite nothing is broken off.
        seed: of arrivals and choices.
        deadline: of `time.perf_counter`, when it is over in any case.
    """

    rate: float
    start: float
    end: float
    limit: float = math.inf
    seed: int = 0
    deadline: float = math.inf

    def measures(self, arrival: float) -> bool:
        """Whether a session that arrives then is measured."""
        return self.start <= arrival < self.end


@dataclass
class Visits:
    """The sessions of a trial, and how it ended."""

    visits: list[Visit]
    broken_off: bool = False
    timed_out: bool = False


def run_clients(target: Target, texts: Sequence[str], plan: Plan, processes: int) -> Visits:
    """The sessions of `plan`, spread over so many processes: one is busy at a thousand at a time.

    Must be called before threads are started: the processes are forks of this one.
    """
    begin = time.perf_counter() + SOON * processes
    if processes == 1:
        return _Clients(target, texts, plan, begin, 0, 1).run()
    pipes = [_fork(target, texts, plan, begin, number, processes) for number in range(processes)]
    found = Visits([])
    for pid, reader in pipes:
        with open(reader, "rb") as pipe:  # noqa: PTH123 - a descriptor
            content = pipe.read()
        os.waitpid(pid, 0)
        visits, broken_off, timed_out = json.loads(content)
        found.visits += [Visit(*values) for values in visits]
        found.broken_off |= broken_off
        found.timed_out |= timed_out
    return found


def visit_alone(target: Target, text: str, deadline: float = math.inf) -> Visit:
    """One session, which nobody else disturbs, until its end or `deadline`."""
    begin = time.perf_counter()
    try:
        listener = Listener(target, text, 0.0)
    except OSError:
        return _refused(0.0, 0.0)
    poll = select.poll()
    while not listener.done and time.perf_counter() < deadline:
        wants = select.POLLOUT if listener.connection.wants_to_write else 0
        poll.register(listener.connection, select.POLLIN | wants)
        if poll.poll(POLL_MS):
            listener.advance(time.perf_counter() - begin)
    listener.connection.close()
    return listener.visit(time.perf_counter() - begin)


def _refused(arrival: float, now: float) -> Visit:
    """A session that nobody listened to."""
    return Visit(arrival, now, None, None, 0.0, 0.0, 0.0, 0.0, now, FAILED)


def _fork(
    target: Target, texts: Sequence[str], plan: Plan, begin: float, number: int, processes: int
) -> tuple[int, int]:
    """The id of a process that makes its share of the sessions, and a pipe with what they were."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    status = 1
    try:
        os.close(reader)
        found = _Clients(target, texts, plan, begin, number, processes).run()
        values = [*map(astuple, found.visits)], found.broken_off, found.timed_out
        with open(writer, "wb") as pipe:  # noqa: PTH123 - a descriptor
            pipe.write(json.dumps(values).encode())
        status = 0
    finally:
        os._exit(status)


class _Clients:
    """The sessions of one process, the share `number` of so many `processes`."""

    def __init__(
        self,
        target: Target,
        texts: Sequence[str],
        plan: Plan,
        begin: float,
        number: int,
        processes: int,
    ) -> None:
        self._target = target
        self._plan = plan
        self._begin = begin
        rate, generator = plan.rate / processes, np.random.default_rng([plan.seed, number])
        self._arrivals = arrivals(rate, texts, generator)
        self._patience = Patience(plan.limit, rate * (plan.end - plan.start))
        self._selector = selectors.DefaultSelector()
        self._open: dict[Listener, None] = {}  # by arrival
        self._unfinished = 0  # measured sessions
        self._found = Visits([])

    def run(self) -> Visits:
        """From the first arrival to the last sample of the sessions that are measured."""
        arrival, text = next(self._arrivals)
        while not self._is_over(now := self._now()):
            while arrival <= now:
                self._begin_session(arrival, text)
                arrival, text = next(self._arrivals)
                now = self._now()
            wait = min(arrival, self._plan.end if not self._unfinished else arrival)
            for key, _ in self._selector.select(max(0.0, wait - now)):
                self._advance(key.data)
        for listener in [*self._open]:
            self._end(listener, self._now())
        self._selector.close()
        return self._found

    def _now(self) -> float:
        return time.perf_counter() - self._begin

    def _begin_session(self, arrival: float, text: str) -> None:
        try:
            listener = Listener(self._target, text, arrival)
        except OSError:
            self._note(_refused(arrival, self._now()))
            return
        listener.sent = self._now()
        self._open[listener] = None
        self._unfinished += self._plan.measures(arrival)
        wants = selectors.EVENT_WRITE if listener.connection.wants_to_write else 0
        self._selector.register(listener.connection, selectors.EVENT_READ | wants, listener)

    def _advance(self, listener: Listener) -> None:
        now, was_silent = self._now(), listener.audible is None
        wrote = listener.connection.wants_to_write
        listener.advance(now)
        if self._plan.measures(listener.session.arrival):
            if was_silent and listener.audible is not None:
                self._patience.note_first(now - listener.session.arrival)
            if listener.session.underran:
                self._patience.note_loss()
        if listener.done:
            self._end(listener, now)
        elif wrote and not listener.connection.wants_to_write:
            self._selector.modify(listener.connection, selectors.EVENT_READ, listener)

    def _end(self, listener: Listener, now: float) -> None:
        self._selector.unregister(listener.connection)
        listener.connection.close()
        del self._open[listener]
        self._unfinished -= self._plan.measures(listener.session.arrival)
        self._note(listener.visit(now))

    def _note(self, visit: Visit) -> None:
        self._found.visits.append(visit)
        if self._plan.measures(visit.arrival) and visit.outcome not in (WHOLE, UNFINISHED):
            self._patience.note_loss()

    def _is_over(self, now: float) -> bool:
        plan = self._plan
        self._found.timed_out = self._begin + now >= plan.deadline
        first = next(iter(self._open), None)
        if first is not None and first.audible is None:
            self._patience.note_wait(now - first.session.arrival)
        self._found.broken_off = self._patience.is_lost
        if self._found.broken_off or self._found.timed_out:
            return True
        return now >= plan.end and (not self._unfinished or now >= plan.end + LONGEST_TAIL)
