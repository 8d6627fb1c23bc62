"""The files of a batch, made by many workers; the manifest is written here alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from vvcli.batch.entry import ManifestEntry, Outcome
from vvcli.batch.recover import Leftovers, discard_part, finish_part
from vvcli.batch.resume import JobStep
from vvcli.batch.runner import Runner
from vvcli.errors import VvcliError
from vvcli.fleet.open_file import OpenFile
from vvcli.fleet.plain_values import extras_of, plain_job, with_spoken
from vvcli.fleet.pool import PoolClosedError, error_of
from vvcli.fleet.run import POISON, FleetRun
from vvcli.speech.values import Chunk, Status

PLANNED_AT_ONCE = 4096  # files, before workers get the longest of them

FAREWELL = 0.5  # seconds for workers to remove what they have begun


class FilesRun(FleetRun):
    """Makes the files of `steps`, the longest first.

    Args:
        steps: the files to make.
        runner: has the manifest, where entries go before files get their names.
        stops: see `Fleet.make`.
        others: see `FleetRun`.
    """

    def __init__(
        self,
        *others: Any,
        steps: Iterator[JobStep],
        runner: Runner,
        stops: Callable[[ManifestEntry], bool],
    ) -> None:
        super().__init__(*others)
        self._steps: Iterator[JobStep] | None = steps
        self._runner = runner
        self._stops = stops
        self._files: dict[int, OpenFile] = {}
        self._entries: list[tuple[int | None, int, ManifestEntry]] = []  # worker and ticket
        self._unnamed: dict[int, tuple[int, ManifestEntry]] = {}  # worker, by ticket
        self._retried: set[str] = set()  # names
        self._tags: dict[int, str] = {}  # of `.part` files whose names are not told of, by ticket
        self._events: list[Chunk | ManifestEntry] = []
        self._over: set[int] = set()
        self._is_leaving = False
        self._handlers |= {
            "made": self._take_made,
            "record": self._take_record,
            "entry": self._take_entry,
            "published": self._take_published,
            "over": self._over.add,
        }

    def events(self) -> Generator[Chunk | ManifestEntry, None, None]:
        """How records end, and the entry of each file.

        Chunks have as many samples as were made, and no audio: that is in the files.
        """
        try:
            self.begin()
            while True:
                self._hand_out()
                self._commit()
                events, self._events = self._events, []
                yield from events
                if any(isinstance(event, ManifestEntry) and self._stops(event) for event in events):
                    self._leave()
                    yield from self._events
                    return
                if self._steps is None and self.dispatcher.done:
                    break
                is_planning = self._steps is not None and self.dispatcher.wants
                self.take(0 if is_planning else None)
            for worker in self._up:
                self.send(worker, "end")
            self._wait_over(None)
            leftovers = Leftovers(self._runner.folder)
            for name in self._retried:
                leftovers.remove(name)  # of workers with tags of their own
        finally:
            self._leave()

    def retry(self, worker: int, tickets: list[int]) -> None:
        """Name the files that `worker` had made, and let others make those it had begun."""
        self._commit()
        for ticket, (owner, entry) in list(self._unnamed.items()):
            if owner == worker:
                self._finish(ticket, entry)
                del self._unnamed[ticket]
        for ticket in tickets:
            self._retried.add(str(self._files[ticket].job.path))
            self._files[ticket].begin_anew()

    def fail(self, ticket: int) -> None:
        """The file has no audio; its records fail."""
        file = self._files.pop(ticket)
        for record in file.open_records():
            error = f"{record.label}: {POISON}"
            self._events.append(Chunk(record, _samples(0), Status.FAILED, error))
        entry = self._runner.fail(file.job, f"{file.job.source}: {POISON}")
        self._entries.append((None, ticket, entry))

    def _hand_out(self) -> None:
        """Plan a few more files, and hand out the longest of those that are planned."""
        for _ in range(PLANNED_AT_ONCE):
            if self._steps is None or not self.dispatcher.wants:
                break
            step = next(self._steps, None)
            if step is None:
                self._steps = None
                break
            length = sum(len(record.text) for record in step.job.records)
            ticket = self.dispatcher.add(records=len(step.job.records), length=length)
            self._files[ticket] = OpenFile(step.job)
        for worker, ticket in self.dispatcher.hand_out():
            job = self._files[ticket].job
            self.send(worker, "job", ticket, plain_job(job), self._runner.fingerprint(job))

    def _take_made(self, worker: int, ticket: int) -> None:
        self.dispatcher.make(worker, ticket)

    def _take_published(self, _worker: int, ticket: int) -> None:
        self._unnamed.pop(ticket, None)
        self._tags.pop(ticket, None)

    def _take_record(
        self,
        worker: int,
        ticket: int,
        index: int,
        samples: int,
        status: str | None,
        error: str | None,
        said: str | bool | None,
        respelled: int,
        extras: list[Any],
        active: int,
        clipped: int,
    ) -> None:
        figures = self.figures[worker]
        figures.active, figures.clipped = active, clipped
        if self.dispatcher.owner(ticket) != worker:
            return
        figures.samples += samples
        figures.records += status is not None
        noted = self._files[ticket].note(index, samples, ends=status is not None)
        if noted is None:
            return
        record, new = noted
        record = with_spoken(record, said, respelled)
        end = None if status is None else Status(status)
        self._events.append(Chunk(record, _samples(new), end, error, *extras_of(extras)))

    def _take_entry(
        self, worker: int, ticket: int, values: dict[str, Any], tag: str, clipped: int
    ) -> None:
        self.figures[worker].clipped = clipped
        if not self.dispatcher.finish(worker, ticket):  # it was given to another worker since
            self.send(worker, "publish", ticket, False)
            return
        self._files.pop(ticket)
        self._tags[ticket] = tag
        entry = ManifestEntry(**values | {"status": Outcome(values["status"])})
        self._entries.append((worker, ticket, entry))

    def _commit(self) -> None:
        """Put entries into the manifest, all together on the disk, and let files have names."""
        entries, self._entries = self._entries, []
        for number, (_, _, entry) in enumerate(entries, start=1):
            self._runner.manifest.append(entry, sync=number == len(entries))
        for worker, ticket, entry in entries:
            self._events.append(entry)
            if worker is None or not entry.has_file:
                self._tags.pop(ticket, None)
                continue
            if worker in self._up and not self._is_leaving:
                self._unnamed[ticket] = worker, entry
                self.send(worker, "publish", ticket, True)
            else:
                self._finish(ticket, entry)

    def _finish(self, ticket: int, entry: ManifestEntry) -> None:
        """Give a file its name in place of its worker, which is gone."""
        tag, name = self._tags.pop(ticket), str(entry.audio_filepath)
        with suppress(FileNotFoundError):
            # A lock may outlive its worker, on a file system of a machine that was lost.
            finish_part(entry, self._runner.folder, name, tag, mine=bool(tag))

    def _wait_over(self, seconds: float | None) -> None:
        """Wait until no worker has anything of this run open."""
        give_up = None if seconds is None else time.monotonic() + seconds
        while self._up - self._over:
            left = None if give_up is None else give_up - time.monotonic()
            if left is not None and left <= 0:
                return
            for worker, (kind, *values) in self.pool.wait(left):
                if kind == "died":
                    self._up.discard(worker)
                elif kind == "error" and seconds is None:
                    raise error_of(*values[1:])
                elif kind != "ready" and values[0] == self.number and kind in self._handlers:
                    self._handlers[kind](worker, *values[1:])

    def _leave(self) -> None:
        """End the run wherever it is; files whose entries are safe get their names.

        That holds as well after another thread has closed the pool, and so ended the workers.
        """
        if self._is_leaving:
            return
        with suppress(PoolClosedError):
            self.stop()
            self._wait_over(FAREWELL)
        self._is_leaving = True
        for worker in self._up - self._over:  # what it writes is locked
            self.pool.kill(worker)
            self._up.discard(worker)
        self._commit()
        for ticket, (_, entry) in self._unnamed.items():
            self._finish(ticket, entry)
        for file in self._files.values():
            with suppress(FileNotFoundError, VvcliError):  # the next run replaces it
                discard_part(self._runner.folder, str(file.job.path))


def _samples(count: int) -> Any:
    """So many samples, in no memory."""
    return np.broadcast_to(np.int16(0), count)
