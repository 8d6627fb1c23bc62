"""Makes the files of a plan from the chunks of a synthesizer, one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from vvcli.audio.pcm import AudioWriter
from vvcli.audio.writer import FileFormat
from vvcli.batch.containment import OutputFolder
from vvcli.batch.entry import ManifestEntry, Outcome
from vvcli.batch.plan import Job
from vvcli.batch.resume import Decision, JobStep
from vvcli.batch.staging import StagedFile
from vvcli.script.record import Record
from vvcli.speech.values import Chunk, Status

Events = Generator[Chunk | ManifestEntry, None, None]


class EntryLog(Protocol):
    """Where entries go: a manifest, or whoever writes it."""

    def append(self, entry: ManifestEntry, *, sync: bool = True) -> None:
        """Keep `entry`; with `sync` it is safe when this returns, or before its file is named."""


@dataclass
class _Open:
    """A file that is being made."""

    step: JobStep
    staged: StagedFile
    writer: AudioWriter
    spoken: int = 0  # records with audio
    failed: list[str] = field(default_factory=list)
    truncated: list[str] = field(default_factory=list)
    silence_due: float = 0.0  # seconds, written when more audio comes
    said: list[str] = field(default_factory=list)  # of each record, as it was spoken
    retried: list[dict[str, Any]] = field(default_factory=list)


class Runner:
    """Writes each job's chunks into its file, and an entry per file into the manifest.

    Args:
        manifest: locked, of `folder`.
        publish: takes each sealed file, where it does not get its name at once because its entry
            is not safe yet.
        file_format: of the files.
        input_rate: samples per second that the synthesizer makes.
        fingerprint: of a job, for its entry.
        seed: for records that have none of their own.
    """

    def __init__(
        self,
        manifest: EntryLog,
        folder: OutputFolder,
        file_format: FileFormat,
        *,
        input_rate: int,
        seed: int,
        fingerprint: Callable[[Job], str],
        publish: Callable[[StagedFile], None] | None = None,
    ) -> None:
        self.manifest = manifest
        self.folder = folder
        self.file_format = file_format
        self._input_rate = input_rate
        self.seed = seed
        self.fingerprint = fingerprint
        self._publish = publish
        self._parents: set[Path] = set()
        self.clipped = 0

    def note_skipped(self, steps: Iterable[JobStep]) -> None:
        """Write entries for jobs that make no file, unless the manifest has them."""
        errors = {
            Decision.BLANK: "there is nothing to say",
            Decision.KEEP: "another file of this name is there",
        }
        for step in steps:
            known = step.entry and step.entry.status is Outcome.SKIPPED
            if step.decision in errors and not known:
                entry = self._entry(step, Outcome.SKIPPED, errors[step.decision])
                self.manifest.append(entry, sync=False)

    def fail(self, job: Job, reason: str) -> ManifestEntry:
        """The entry of a file that cannot be made."""
        return self._entry(JobStep(job, Decision.MAKE), Outcome.FAILED, reason)

    def make(self, steps: Iterable[JobStep], chunks: Iterable[Chunk]) -> Events:
        """Make the files of `steps`, whose records `chunks` holds in the same order.

        Every chunk is passed on, and after the last one of a file its entry.

        Raises:
            OutputError: a file or the manifest cannot be written; what was done before is whole.
        """
        pending = iter(steps)
        current: _Open | None = None
        try:
            for chunk in chunks:
                if current is None:
                    current = self._open(next(pending))
                self._write(current, chunk)
                yield chunk
                if chunk.status is not None and _is_last(chunk.record, current.step):
                    entry = self._close(current)
                    current = None
                    yield entry
        finally:
            if current is not None:
                current.staged.abandon()
            self.sync_folders()

    def _open(self, step: JobStep) -> _Open:
        staged = StagedFile(self.folder, str(step.job.path))
        try:
            writer = self.file_format.open(staged.output, self._input_rate)
            return _Open(step, staged, writer)
        except BaseException:
            staged.abandon()
            raise

    def _write(self, current: _Open, chunk: Chunk) -> None:
        if len(chunk.samples):
            if current.silence_due:
                current.writer.silence(round(current.silence_due * self._input_rate))
                current.silence_due = 0.0
            current.writer.write(chunk.samples)
        if chunk.status in (None, Status.BLANK):
            return
        index = {"index": chunk.record.index}
        current.retried += [index | asdict(retried) for retried in chunk.retried]
        if chunk.status is Status.FAILED:
            current.failed.append(chunk.error or "failed")
            return
        if chunk.status is Status.TRUNCATED:
            current.truncated.append(chunk.error or "truncated")
        current.spoken += 1
        current.said.append(chunk.record.spoken or chunk.record.text)
        if chunk.record.part == chunk.record.parts - 1:
            place = chunk.record.index - current.step.job.index
            current.silence_due = current.step.job.gaps[place]

    def _close(self, current: _Open) -> ManifestEntry:
        step, writer = current.step, current.writer
        problems = "; ".join(current.failed + current.truncated) or None
        nothing = not current.spoken or (problems and not writer.samples)
        if nothing:
            current.staged.abandon()
            outcome = Outcome.FAILED if problems else Outcome.SKIPPED
            entry = self._entry(step, outcome, problems or "there is nothing to say")
            entry = replace(entry, retried=current.retried or None)
            self.manifest.append(entry)
            return entry
        if current.silence_due:  # asked for by the last record itself
            writer.silence(round(current.silence_due * self._input_rate))
        writer.finish()
        self.clipped += writer.clipped
        size, digest = current.staged.seal()
        status = Outcome.TRUNCATED if problems else Outcome.OK
        said: str | None = "\n".join(current.said)
        said = None if said == step.job.text else said
        entry = replace(
            self._entry(step, status, problems, writer.samples, size, digest, said),
            loudness=None if writer.loudness is None else round(writer.loudness, 2),
            retried=current.retried or None,
        )
        self.manifest.append(entry)
        if self._publish is None:
            current.staged.publish()
        else:
            self._publish(current.staged)
        self._parents.add(current.staged.path.parent)
        return entry

    def _entry(
        self,
        step: JobStep,
        status: Outcome,
        error: str | None,
        samples: int = 0,
        size: int = 0,
        digest: str | None = None,
        spoken: str | None = None,
    ) -> ManifestEntry:
        job = step.job
        seeds = {self.seed if record.seed is None else record.seed for record in job.records}
        return ManifestEntry(
            audio_filepath=None if job.path is None else str(job.path),
            duration=samples / self.file_format.rate,
            text=job.text,
            id=job.id,
            index=job.index,
            voice=job.voice,
            seed=seeds.pop() if len(seeds) == 1 else None,
            status=status,
            error=error,
            samples=samples,
            size=size,
            sha256=digest,
            fingerprint=self.fingerprint(job),
            spoken=spoken,
        )

    def sync_folders(self) -> None:
        """Put the new names on the disk; were they lost, the next run would find them again."""
        for parent in self._parents:
            with suppress(OSError):
                descriptor = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)


def _is_last(record: Record, step: JobStep) -> bool:
    return record.index == step.job.records[-1].index and record.part == record.parts - 1
