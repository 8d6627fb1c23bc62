"""Workers that make real files in this process, one whenever they are waited for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.batch.fakes import RATE, WAV, fingerprint_of, speak
from vvcli.batch.containment import OutputFolder
from vvcli.batch.entry import ManifestEntry
from vvcli.batch.plan import Job
from vvcli.batch.resume import Decision, JobStep
from vvcli.batch.runner import Runner
from vvcli.batch.staging import StagedFile
from vvcli.fleet.channel import Message
from vvcli.fleet.plain_values import job_of, plain_extras, spoken
from vvcli.samples import Samples, SampleType
from vvcli.speech.values import Chunk


class FileWorker:
    """Makes the files it is told of, each when `make` is called; `sent` are its messages."""

    def __init__(self, folder: Path) -> None:
        self.jobs: deque[tuple[int, Job]] = deque()
        self.sent: deque[Message] = deque()
        self.sealed: dict[int, StagedFile] = {}
        self.run = 0
        self._ticket = 0
        self._runner = Runner(
            self,
            OutputFolder(folder),
            WAV,
            input_rate=RATE,
            seed=0,
            fingerprint=fingerprint_of,
            publish=self._keep,
        )

    def append(self, entry: ManifestEntry, *, sync: bool = True) -> None:
        values = asdict(entry) | {"status": entry.status.value}
        self.sent.append(["entry", self.run, self._ticket, values, "", 0])

    def _keep(self, staged: StagedFile, _: ManifestEntry) -> None:
        self.sealed[self._ticket] = staged

    def make(self) -> None:
        """Make the next file, if there is one; its name waits."""
        if not self.jobs:
            return
        self._ticket, job = self.jobs.popleft()
        for event in self._runner.make([JobStep(job, Decision.MAKE)], speak(job.records)):
            if isinstance(event, Chunk):
                status = None if event.status is None else event.status.value
                self.sent.append(
                    [
                        *("record", self.run, self._ticket, event.record.index),
                        *(len(event.samples), status, event.error, *spoken(event.record)),
                        *(plain_extras(event), 1, 0),
                    ]
                )

    def tell(self, kind: str, run: int, *values: Any) -> None:
        if kind == "run":
            self.run = run
        elif kind == "job":
            self.jobs.append((values[0], job_of(values[1])))
        elif kind == "publish":
            ticket, publish = values
            if (staged := self.sealed.pop(ticket, None)) is not None:
                staged.publish() if publish else staged.discard()
                self.sent.append(["published", run, ticket])
        elif kind in ("stop", "end"):
            self.leave()
            self.sent.append(["over", run])

    def leave(self) -> None:
        """Let go of all files, as the end of a process does."""
        self.jobs.clear()
        for staged in self.sealed.values():
            staged.abandon()
        self.sealed.clear()


class FilePool:
    """A `Pool` of such workers; `draw` picks the worker that makes a file, or tells of it, next."""

    sample_type: SampleType = "float32"
    streams = 1

    def __init__(self, folder: Path, workers: int, draw: Callable[[int], int]) -> None:
        self.names = [f"fake {number}" for number in range(workers)]
        self.workers = {number: FileWorker(folder) for number in range(workers)}
        self.on_wait: Callable[[], object] = lambda: None
        self.closed = False
        self._draw = draw

    @property
    def started(self) -> list[int]:
        return [*self.workers]

    def start(self, worker: int) -> None:
        raise AssertionError("none dies")

    def kill(self, worker: int) -> None:
        if worker in self.workers:
            self.workers.pop(worker).leave()

    def send(self, worker: int, *message: Any) -> None:
        if worker in self.workers:
            self.workers[worker].tell(*message)

    def wait(self, seconds: float | None = None) -> list[tuple[int, Message]]:
        """A file is made, or a few messages of a worker come."""
        self.on_wait()
        busy = [n for n, worker in self.workers.items() if worker.jobs or worker.sent]
        if not busy:
            return []
        number = busy[self._draw(len(busy))]
        worker = self.workers[number]
        if not worker.sent or (worker.jobs and self._draw(2)):
            worker.make()
            return []
        count = 1 + self._draw(len(worker.sent))
        return [(number, worker.sent.popleft()) for _ in range(count)]

    def read(
        self, worker: int, position: int, length: int, sample_type: SampleType | None = None
    ) -> Samples:
        raise AssertionError("audio of files stays where it is made")

    def wake(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True
        for worker in [*self.workers]:
            self.kill(worker)
