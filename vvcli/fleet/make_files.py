"""A worker's part in a batch: it writes whole files, and sends entries, never audio.

A file gets its name only once its entry is in the manifest, which only the other end writes: the
worker seals `NAME.part`, sends the entry and goes on; when it is told, it gives the file its name,
or removes it where another worker's was first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from vvcli.audio.writer import FileFormat
from vvcli.batch.containment import OutputFolder
from vvcli.batch.entry import ManifestEntry
from vvcli.batch.runner import Runner
from vvcli.batch.staging import StagedFile
from vvcli.fleet.cores import available
from vvcli.fleet.inbox import Assignment
from vvcli.fleet.plain_values import Plain, plain_extras, spoken
from vvcli.fleet.worker import Worker
from vvcli.samples import SAMPLE_RATE
from vvcli.speech.values import Chunk

INTERVAL = 0.2  # seconds between two messages about one record


@dataclass(frozen=True)
class FileSettings:
    """What all files of a batch have in common."""

    folder: str
    tag: str  # of the `.part` files
    file_format: FileFormat
    seed: int
    max_ahead: float  # samples that a worker makes ahead of what it writes
    threads: int  # that encode files

    @classmethod
    def of(cls, plain: Plain) -> FileSettings:
        """The settings that `asdict` made plain values of."""
        return cls(**plain | {"file_format": FileFormat(**plain["file_format"])})


def make_files(worker: Worker, run: Assignment, send: Callable[..., None]) -> None:
    """Make the files that `run` is told of.

    Raises:
        StoppedError: the run is to end.
        OutputError, UsageError: a file cannot be written.
    """
    settings = FileSettings.of(run.settings)
    engine = worker.speaker.engine

    def clipped() -> int:
        return engine.clipped + runner.clipped

    sealed = _SealedFiles(run, send, settings.tag, clipped)
    runner = Runner(
        sealed,
        OutputFolder(Path(settings.folder), settings.tag),
        settings.file_format,
        input_rate=SAMPLE_RATE,
        seed=settings.seed,
        fingerprint=run.fingerprint,
        publish=sealed.keep,
    )
    run.on_decision = sealed.carry_out
    report = _Report(worker, run, send, clipped)
    threads = min(settings.threads, len(available())) if worker.spares_processors else 1
    try:
        with (
            closing(_chunks(worker, run, settings.max_ahead, send)) as chunks,
            closing(runner.make(run.steps(), chunks, threads)) as events,
        ):
            for event in events:
                if isinstance(event, Chunk):
                    report.add(event)
                else:
                    run.end_file(event.index)
                sealed.carry_out()
        while sealed.files and not run.stopped:
            sealed.carry_out(wait=True)
        runner.sync_folders()
    finally:
        sealed.carry_out()
        sealed.leave()


def _chunks(
    worker: Worker, run: Assignment, max_ahead: float, send: Callable[..., None]
) -> Generator[Chunk | None, None, None]:
    """The chunks of all records, in the order of the files; None where nothing is to be spoken.

    Whoever hands out files may wait for the entries of these before it says that there are no more.
    """
    engine = worker.speaker.engine

    def note_made(place: int) -> None:
        send("made", run.number, run.end(place))

    steps = worker.steps(run, lambda now: now.ahead <= max_ahead, on_made=note_made)
    with closing(steps):
        for ready in steps:
            run.check()
            for chunk in ready:
                yield chunk.join()
            if not engine.running and not engine.waiting:
                yield None


class _SealedFiles:
    """Files that are whole and have no name yet, and the log that their entries go to."""

    def __init__(
        self, run: Assignment, send: Callable[..., None], tag: str, clipped: Callable[[], int]
    ) -> None:
        self._tag = tag
        self._clipped = clipped
        self.files: dict[int, StagedFile] = {}
        self._run = run
        self._send = send

    def append(self, entry: ManifestEntry, *, sync: bool = True) -> None:
        """Send the entry of the file that is done with."""
        values = asdict(entry) | {"status": entry.status.value}
        ticket = self._run.files[entry.index]
        self._send("entry", self._run.number, ticket, values, self._tag, self._clipped())

    def keep(self, staged: StagedFile, entry: ManifestEntry) -> None:
        """Keep a sealed file until it is decided about; its entry was sent."""
        self.files[self._run.files[entry.index]] = staged

    def carry_out(self, *, wait: bool = False) -> None:
        """Give files their names, or remove them, as was decided."""
        for ticket, publish in self._run.decisions(wait=wait):
            staged = self.files.pop(ticket, None)
            if staged is None:
                continue
            if publish:
                staged.publish()
                self._send("published", self._run.number, ticket)
            else:
                staged.discard()

    def leave(self) -> None:
        """Leave what is sealed, which may have its entry, for whoever finishes it."""
        for staged in self.files.values():
            staged.abandon()


class _Report:
    """Tells how records go, as they are written."""

    def __init__(
        self,
        worker: Worker,
        run: Assignment,
        send: Callable[..., None],
        clipped: Callable[[], int],
    ) -> None:
        self._worker = worker
        self._run = run
        self._send = send
        self._clipped = clipped
        self._samples = 0
        self._next = 0.0

    def add(self, chunk: Chunk) -> None:
        """A chunk was written; what it holds is told at once if its record ends."""
        self._samples += len(chunk.samples)
        if chunk.status is None and time.monotonic() < self._next:
            return
        self._next = time.monotonic() + INTERVAL
        status = None if chunk.status is None else chunk.status.value
        engine, index = self._worker.speaker.engine, chunk.record.index
        self._send(
            *("record", self._run.number, self._run.files[index], index, self._samples),
            *(status, chunk.error, *spoken(chunk.record), plain_extras(chunk)),
            *(engine.running, self._clipped()),
        )
        self._samples = 0
