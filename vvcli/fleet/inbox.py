"""Messages to a worker: a thread brings them, the worker's loop takes what they bring.

A run is one pass of records, or the files of one batch. What belongs to a run that is over, or
was stopped, is dropped.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from vvcli.batch.plan import Job
from vvcli.batch.resume import Decision, JobStep
from vvcli.fleet.channel import Message
from vvcli.fleet.plain_values import Plain, job_of, record_of
from vvcli.script.record import Record


class StoppedError(Exception):
    """The run is to end at once: nobody waits for its results."""


class Assignment:
    """A run as its worker sees it: a source of records.

    Attributes:
        number: of the run.
        settings: of its files; none where audio is handed over.
        admit: whether waiting records may be started.
        head: ticket of the record that is heard now.
        tickets: of each record that was taken, by its place among them.
        on_decision: carries out `decisions` that come while nothing else is to be done.
        files: tickets of the files that have no entry yet, by the index of each of their records.
    """

    def __init__(self, number: int, changed: threading.Condition, settings: Plain) -> None:
        self.number = number
        self.settings = settings
        self.admit = True
        self.head: int | None = None
        self.tickets: dict[int, int] = {}
        self.files: dict[int, int] = {}
        self.on_decision: Callable[[], object] = lambda: None
        self.stopped = False
        self._places: dict[int, int] = {}  # by ticket
        self._taken = 0
        self._changed = changed
        self._given: deque[tuple[int, Record | Job]] = deque()
        self._records: deque[Record] = deque()  # of the file that is being taken
        self._file = 0  # its ticket
        self._ends = False
        self._steps: deque[JobStep] = deque()
        self._fingerprints: dict[str | int, str] = {}
        self._decisions: deque[tuple[int, bool]] = deque()
        self._events: deque[tuple[Any, ...]] = deque()

    @property
    def ended(self) -> bool:
        """Whether there are no more records."""
        return self._ends and not self._given and not self._records

    def get(self, *, wait: bool) -> Record | None:
        """The next record; none if there is none yet and `wait` is false, or none will come.

        Raises:
            StoppedError: the run is to end.
        """
        while wait and self._wait():
            self.on_decision()
        with self._changed:
            self.check()
            if not self._records:
                if not self._given:
                    return None
                ticket, work = self._given.popleft()
                if isinstance(work, Record):
                    self._places[ticket] = self._taken
                    return self._note(work, ticket)
                self._file = ticket
                self.files |= dict.fromkeys((record.index for record in work.records), ticket)
                self._records.extend(work.records)
                self._steps.append(JobStep(work, Decision.MAKE))
            return self._note(self._records.popleft(), self._file)

    def _wait(self) -> bool:
        """Wait for records, the end of the run, or decisions; whether it is only the last."""
        with self._changed:
            while not (self._given or self._records or self._ends or self.stopped):
                if self._decisions:
                    return True
                self._changed.wait()
        return False

    def close(self) -> None:
        """Nothing is to be undone."""

    def _note(self, record: Record, ticket: int) -> Record:
        self.tickets[self._taken] = ticket
        self._taken += 1
        return record

    def end(self, place: int) -> int:
        """The record at `place` is done with; its ticket."""
        ticket = self.tickets.pop(place)
        self._places.pop(ticket, None)
        return ticket

    @property
    def head_place(self) -> int | None:
        """The place of the head; none if it was not taken."""
        return None if self.head is None else self._places.get(self.head)

    def end_file(self, index: int) -> None:
        """The file whose first record has this index has its entry."""
        ticket = self.files[index]
        while self.files.get(index) == ticket:
            del self.files[index]
            index += 1

    def check(self) -> None:
        """Raise StoppedError if the run is to end."""
        if self.stopped:
            raise StoppedError

    def steps(self) -> Iterator[JobStep]:
        """The files whose records were taken, in this order."""
        while True:
            yield self._steps.popleft()

    def fingerprint(self, job: Job) -> str:
        """Of a file, as the one who planned it computed it."""
        return self._fingerprints[job.key]

    def decisions(self, *, wait: bool) -> list[tuple[int, bool]]:
        """Tickets of sealed files, each with whether the file gets its name.

        With `wait` there is at least one, unless the run is to end.
        """
        with self._changed:
            while wait and not (self._decisions or self.stopped):
                self._changed.wait()
            decisions = list(self._decisions)
            self._decisions.clear()
            return decisions

    def next_event(self) -> tuple[Any, ...]:
        """The next message about a live session, or what `note` was given, once there is one.

        Raises:
            StoppedError: the run is to end.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._events or self.stopped)
            self.check()
            return self._events.popleft()

    def note(self, *event: Any) -> None:
        """Put `event` behind the messages that have come, from any thread."""
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()

    def tell(self, kind: str, *values: object) -> None:
        """Take in a message; the lock is held."""
        match kind, values:
            case "take", (int(ticket), dict(plain)):
                self._given.append((ticket, record_of(plain)))
            case "job", (int(ticket), dict(plain), str(fingerprint)):
                job = job_of(plain)
                self._fingerprints[job.key] = fingerprint
                self._given.append((ticket, job))
            case "head", (int(ticket),):
                self.head = ticket
            case "admit", (bool(admit),):
                self.admit = admit
            case (("say" | "acknowledge" | "leave"), _):
                self._events.append((kind, *values))
            case "publish", (int(ticket), bool(publish)):
                self._decisions.append((ticket, publish))
            case "end", ():
                self._ends = True
            case "stop", ():
                self.stopped = True


class Inbox:
    """Takes in messages in one thread, for a loop that waits for them in another."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Assignment] = deque()
        self._current: Assignment | None = None
        self._latest: Assignment | None = None
        self._closed = False
        self._read = 0

    def tell(self, message: Message) -> None:
        """Take in one message."""
        kind, *values = message
        with self._changed:
            if kind == "read":
                self._read = int(values[0])
            elif kind == "run":
                number, settings = values
                self._latest = Assignment(number, self._changed, settings)
                self._waiting.append(self._latest)
            elif self._latest is not None and values[0] == self._latest.number:
                self._latest.tell(kind, *values[1:])
            self._changed.notify_all()

    def close(self) -> None:
        """No more messages will come: whatever runs is to end."""
        with self._changed:
            self._closed = True
            for run in (self._current, self._latest):
                if run is not None:
                    run.stopped = True
            self._changed.notify_all()

    def next_run(self) -> Assignment | None:
        """The next run, once there is one; none after `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            self._current = self._waiting.popleft()
            return self._current

    def wait_read(self, position: int) -> None:
        """Wait until the reader of the ring has come to `position`.

        Raises:
            StoppedError: the run is to end.
        """
        if self._read >= position:
            return
        with self._changed:
            self._changed.wait_for(lambda: self._read >= position or self._is_stopped())
            if self._is_stopped():
                raise StoppedError

    def _is_stopped(self) -> bool:
        return self._closed or (self._current is not None and self._current.stopped)
