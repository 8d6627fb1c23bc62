"""Plans who gets what next, without touching a process: tickets, workers and their deaths.

A ticket stands for a record of a stream, or for a file and its records. The dispatcher hands
tickets to workers that ask for more, is told what became of them, and hands out again what a dead
worker had. It never waits and starts nothing: processes, actors and tests all drive it alike.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from vvcli.fleet.least_loaded import LeastLoaded
from vvcli.fleet.longest_first import LongestFirst

# Tickets to choose the longest from: half a kilobyte each.
MIN_WINDOW = 100_000
QUEUES_OF_WINDOW = 16  # so many times what all workers have

MAX_RESTARTS = 3  # of a worker; after one more death the fleet goes on without it
LOST = MAX_RESTARTS + 1

# A ticket that was with this many workers when they died is spoken alone, and failed if the worker
# dies then, too: of the many that were there, only it can have been the cause.
MAX_STRIKES = 2


@dataclass(frozen=True)
class Death:
    """Consequences of a worker's death."""

    retried: list[int]  # tickets to be handed out again
    failed: list[int]  # tickets that have killed too many workers
    restart: bool  # whether the worker is to be started again


@dataclass(slots=True)
class _Worker:
    """A worker as the dispatcher sees it."""

    ready: bool = False
    deaths: int = 0
    load: int = 0  # records it has not made yet
    tickets: dict[int, int] = field(default_factory=dict)  # each with its records left to make


class Dispatcher:
    """Tickets in, hand-outs out.

    Args:
        workers: how many there are; they are called 0, 1 and so on.
        queue: records that a worker may have unmade; about twice its streams, so that a slot that
            becomes free finds the next record there.
        longest_first: tickets are independent and go out by length, so that all workers end at
            about the same time; otherwise they go out as they were added.
        window: tickets, at most, that are chosen from with `longest_first`: a long record that
            comes into view last keeps one worker busy when all others are done.
        lost: workers that are not to be started.
    """

    def __init__(
        self,
        workers: int,
        queue: int,
        *,
        longest_first: bool = False,
        window: int | None = None,
        lost: Collection[int] = (),
    ) -> None:
        if workers < 1 or queue < 1:
            raise ValueError(f"{workers} workers with a queue of {queue}: both are at least 1")
        self._workers = [_Worker(deaths=LOST * (n in lost)) for n in range(workers)]
        self._longest_first = longest_first
        if window is None:
            window = max(MIN_WINDOW, QUEUES_OF_WINDOW * workers * queue)
        self._window = window if longest_first else 1
        self._records: dict[int, int] = {}  # of every ticket that is not finished
        self._owner: dict[int, int] = {}  # the worker of every ticket that is handed out
        self._strikes: dict[int, int] = {}
        self._new = LongestFirst()
        self._retried: list[int] = []  # heap
        self._suspects: list[int] = []  # heap; each is to be handed to a worker that has no other
        self._alone: set[int] = set()  # workers that get no more until their last ticket is done
        self._asking = LeastLoaded(queue)
        self._next = 0  # ticket to be added
        self._head = 0

    @property
    def wants(self) -> bool:
        """Whether a further ticket is asked for, to be handed out or to be chosen from."""
        return len(self._new) < self._window and (self._longest_first or bool(self._asking))

    @property
    def done(self) -> bool:
        """Whether all tickets that were added are finished or failed."""
        return not self._records

    @property
    def head(self) -> int:
        """The first ticket that is not finished."""
        while self._head < self._next and self._head not in self._records:
            self._head += 1
        return self._head

    @property
    def is_lost(self) -> bool:
        """Whether no worker is left."""
        return all(map(self.has_lost, range(len(self._workers))))

    def has_lost(self, worker: int) -> bool:
        """Whether `worker` is not to be started again."""
        return self._workers[worker].deaths >= LOST

    def add(self, *, records: int = 1, length: float = 0.0) -> int:
        """Queue the next ticket, of so many `records` and of this expected length; its number."""
        ticket = self._next
        self._next += 1
        self._records[ticket] = records
        self._new.push(ticket, length if self._longest_first else 0.0)
        return ticket

    def start(self, worker: int) -> None:
        """`worker` is ready, and asks."""
        self._workers[worker].ready = True
        self._start_asking(worker)

    def hand_out(self, *, ahead: bool = True) -> Iterator[tuple[int, int]]:
        """Pairs of a worker and its next ticket, for as long as there are both.

        With `ahead` false nothing new is handed out: enough audio waits for the head.
        """
        while self._suspects and (worker := self._empty_worker()) is not None:
            yield self._give(worker, heapq.heappop(self._suspects), alone=True)
        while self._retried and self._asking:
            yield self._give(self._asking.pop(), heapq.heappop(self._retried))
        while ahead and self._new and self._asking:
            yield self._give(self._asking.pop(), self._new.pop())

    def admits(self, worker: int) -> bool:
        """Whether `worker` may start what it has, although enough audio waits for the head.

        It may if it has the head, or if nobody has: then a worker is to become free for it.
        """
        return self.owner(self.head) in (None, worker)

    def owner(self, ticket: int) -> int | None:
        """The worker that has `ticket`; none if none has."""
        return self._owner.get(ticket)

    def make(self, worker: int, ticket: int) -> bool:
        """`worker` has made one record of `ticket`; whether the ticket is still its own."""
        state = self._workers[worker]
        left = state.tickets.get(ticket)
        if left is None:
            return False
        if left:
            state.tickets[ticket] = left - 1
            self._unload(worker, 1)
        return True

    def finish(self, worker: int, ticket: int) -> bool:
        """`worker` has finished `ticket`.

        Returns:
            Whether that counts: not if the ticket was taken from it, as from one believed dead.
        """
        state = self._workers[worker]
        left = state.tickets.pop(ticket, None)
        if left is None:
            return False
        del self._records[ticket], self._owner[ticket]
        self._strikes.pop(ticket, None)
        if not state.tickets:
            self._alone.discard(worker)
        self._unload(worker, left)
        return True

    def die(self, worker: int) -> Death:
        """`worker` is dead: its tickets are handed out again, but for one that killed it alone."""
        state = self._workers[worker]
        self._stop_asking(worker)
        self._alone.discard(worker)
        tickets = list(state.tickets)
        self._workers[worker] = _Worker(deaths=state.deaths + 1)
        retried, failed = [], []
        for ticket in tickets:
            del self._owner[ticket]
            strikes = self._strikes[ticket] = self._strikes.get(ticket, 0) + 1
            if strikes >= MAX_STRIKES and len(tickets) == 1:
                failed.append(ticket)
                del self._records[ticket], self._strikes[ticket]
                continue
            retried.append(ticket)
            heapq.heappush(self._suspects if strikes >= MAX_STRIKES else self._retried, ticket)
        return Death(retried, failed, restart=state.deaths < MAX_RESTARTS)

    def _give(self, worker: int, ticket: int, *, alone: bool = False) -> tuple[int, int]:
        state = self._workers[worker]
        self._stop_asking(worker)
        records = self._records[ticket]
        state.tickets[ticket] = records
        self._owner[ticket] = worker
        state.load += records
        if alone:
            self._alone.add(worker)
        self._start_asking(worker)
        return worker, ticket

    def _unload(self, worker: int, records: int) -> None:
        self._stop_asking(worker)
        self._workers[worker].load -= records
        self._start_asking(worker)

    def _start_asking(self, worker: int) -> None:
        """Let `worker` ask for more, if it may and has not enough."""
        state = self._workers[worker]
        if state.ready and worker not in self._alone:
            self._asking.add(worker, state.load)

    def _stop_asking(self, worker: int) -> None:
        self._asking.remove(worker, self._workers[worker].load)

    def _empty_worker(self) -> int | None:
        """A worker that has no ticket; if none has, one is kept from getting more."""
        for number in self._asking.idle:
            if not self._workers[number].tickets:
                return number
        if not self._alone:
            ready = [number for number, worker in enumerate(self._workers) if worker.ready]
            if ready:
                least = min(ready, key=lambda number: self._workers[number].load)
                self._stop_asking(least)
                self._alone.add(least)
        return None
