"""A worker's files in threads: each with its own ticket, and none waits for the end of the run."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.audio.threads import encoding
from tests.batch.fakes import RATE, files, fingerprint_of, layout, lines, plan
from vvcli.audio.writer import FileFormat
from vvcli.batch.plan import Job
from vvcli.fleet import make_files as module
from vvcli.fleet.channel import Message
from vvcli.fleet.inbox import Assignment, Inbox, StoppedError
from vvcli.fleet.make_files import FileSettings, make_files
from vvcli.fleet.plain_values import plain_job
from vvcli.speech.run import PendingChunk
from vvcli.speech.values import Status

pytest.importorskip("soundfile")

PATIENCE = 20.0
LOUD = 1000  # samples beyond full scale, of each record


class FakeWorker:
    """Speaks each record at once, and is idle where none has come."""

    def __init__(self, *, spares_processors: bool = True) -> None:
        self.engine = SimpleNamespace(running=0, waiting=0, clipped=0)
        self.speaker = SimpleNamespace(engine=self.engine)
        self.spares_processors = spares_processors
        self.encoding = 0  # threads, at most

    def steps(
        self, source: Assignment, _: object, on_made: Callable[[int], None]
    ) -> Iterator[Iterator[PendingChunk]]:
        place = 0
        while True:
            record = source.get(wait=False)
            if record is None:
                self.engine.running = 0
                yield iter(())
                record = source.get(wait=True)
            if record is None:
                return
            self.engine.running = 1
            on_made(place)
            samples = np.full(RATE, 0.1 * record.index, np.float32)
            samples[:LOUD] = 2
            yield iter([PendingChunk(record, [samples], Status.OK, None, RATE, place)])
            place += 1
            self.encoding = max(self.encoding, len(encoding()))


class Run:
    """`make_files` in a thread, told of two records a file, and then of nothing."""

    def __init__(
        self,
        folder: Path,
        threads: int,
        monkeypatch: pytest.MonkeyPatch,
        *,
        spares_processors: bool = True,
    ) -> None:
        self.worker: Any = FakeWorker(spares_processors=spares_processors)
        monkeypatch.setattr(module, "available", lambda: [*range(threads)])
        shape = replace(layout(), suffix=".flac")
        self.jobs = joined(plan(folder, lines(*"abcdefgh"), shape))
        self.inbox = Inbox()
        self.sent: queue.Queue[Message] = queue.Queue()
        self.errors: list[BaseException] = []
        settings = FileSettings(str(folder), "", FileFormat("flac", RATE), 0, 1e9, threads)
        self.inbox.tell(["run", 1, asdict(settings)])
        for ticket, job in enumerate(self.jobs, start=50):
            self.inbox.tell(["job", 1, ticket, plain_job(job), fingerprint_of(job)])
        run = self.inbox.next_run()
        self.thread = threading.Thread(target=self._make, args=(run,), daemon=True)
        self.thread.start()

    def _make(self, run: Assignment) -> None:
        try:
            make_files(self.worker, run, lambda *message: self.sent.put(list(message)))
        except StoppedError as error:
            self.errors.append(error)

    def take(self, kind: str, count: int) -> list[Message]:
        """All messages until there were so many of a kind."""
        messages: list[Message] = []
        while sum(message[0] == kind for message in messages) < count:
            messages.append(self.sent.get(timeout=PATIENCE))
        return messages


def joined(jobs: list[Job]) -> list[Job]:
    """A file for each two records."""
    return [
        replace(first, records=first.records + second.records, gaps=first.gaps + second.gaps)
        for first, second in zip(jobs[::2], jobs[1::2], strict=True)
    ]


@pytest.mark.parametrize(("threads", "spares"), [(1, True), (3, True), (3, False)])
def test_entries_have_their_tickets_and_come_before_the_end_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int, spares: bool
) -> None:
    run = Run(tmp_path, threads, monkeypatch, spares_processors=spares)
    messages = run.take("entry", len(run.jobs))
    entries = [message for message in messages if message[0] == "entry"]
    assert [(ticket, values["audio_filepath"]) for _, _, ticket, values, *_ in entries] == [
        (ticket, job.path) for ticket, job in enumerate(run.jobs, start=50)
    ]
    assert [entry[-1] for entry in entries] == [2 * LOUD * (n + 1) for n in range(len(run.jobs))]
    told = [tuple(message[2:4]) for message in messages if message[0] == "record"]
    assert told == [(50 + index // 2, index) for index in range(8)]
    for ticket in range(50, 50 + len(run.jobs)):
        run.inbox.tell(["publish", 1, ticket, True])
    run.take("published", len(run.jobs))
    run.inbox.tell(["end", 1])
    run.thread.join(PATIENCE)
    assert not run.thread.is_alive()
    assert [*files(tmp_path)] == [job.path for job in run.jobs]
    assert (run.worker.encoding > 0) == (threads > 1 and spares)
    assert encoding() == []


def test_a_run_that_is_stopped_ends_its_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path, 3, monkeypatch)
    run.take("record", 1)
    run.inbox.tell(["stop", 1])
    run.thread.join(PATIENCE)
    assert not run.thread.is_alive()
    assert encoding() == []
