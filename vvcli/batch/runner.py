"""Makes the files of a plan from the chunks of a synthesizer, and keeps them in its order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from vvcli.audio.encoder_pool import EncoderPool
from vvcli.audio.writer import FileFormat
from vvcli.batch.containment import OutputFolder
from vvcli.batch.entry import ManifestEntry, Outcome
from vvcli.batch.job_file import JobFile
from vvcli.batch.plan import Job
from vvcli.batch.resume import Decision, JobStep
from vvcli.batch.staging import StagedFile
from vvcli.speech.values import Chunk

Events = Generator[Chunk | ManifestEntry, None, None]


class EntryLog(Protocol):
    """Where entries go: a manifest, or whoever writes it."""

    def append(self, entry: ManifestEntry, *, sync: bool = True) -> None:
        """Keep `entry`; with `sync` it is safe when this returns, or before its file is named."""


class Runner:
    """Writes each job's chunks into its file, and an entry per file into the manifest.

    Args:
        manifest: locked, of `folder`.
        publish: takes each sealed file and its entry, where it does not get its name at once
            because the entry is not safe yet.
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
        publish: Callable[[StagedFile, ManifestEntry], None] | None = None,
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

    def make(
        self, steps: Iterable[JobStep], chunks: Iterable[Chunk | None], threads: int = 0
    ) -> Events:
        """Make the files of `steps`, whose records `chunks` holds in the same order.

        Every chunk is passed on, and after the last one of a file its entry: at once, or, where
        `threads` encode, when the file is whole and those before it have their entries. A file
        that lacks something has its entry before the next chunk is taken, so that whoever stops
        there has what one thread would have made.

        Args:
            steps: the files.
            chunks: None stands where it may be long until the next one: all files are finished.
            threads: that encode files, where one alone would take its time over them.

        Raises:
            OutputError: a file or the manifest cannot be written; what was done before is whole.
        """
        pool = EncoderPool(threads if threads > 1 and self.file_format.is_encoded else 0)
        files: deque[JobFile] = deque()  # without an entry; all but the last one have ended
        pending = iter(steps)
        try:
            for chunk in chunks:
                if chunk is None:
                    yield from self._close(files, pool)
                    continue
                if not files or files[-1].ended:
                    yield from self._close(files, pool, leave=max(0, pool.max_files - 1))
                    settings = self.folder, self.file_format, self._input_rate
                    files.append(JobFile(next(pending), *settings, pool))
                file = files[-1]
                file.add(chunk)
                yield chunk
                lacks = file.ended and file.problems is not None
                yield from self._close(files, pool, leave=0 if lacks else pool.max_files)
            yield from self._close(files, pool)
        finally:
            pool.close()
            for file in files:
                file.abandon()
            self.sync_folders()

    def _close(
        self, files: deque[JobFile], pool: EncoderPool, leave: int = 0
    ) -> Iterator[ManifestEntry]:
        """Close the files that are whole, and wait until at most `leave` are not closed."""
        pool.poll()
        while files:
            while files[0].ended and len(files) > leave and not files[0].is_settled:
                pool.wait()
            if not files[0].is_settled:
                return
            entry = self._log(files[0])
            del files[0]
            yield entry

    def _log(self, file: JobFile) -> ManifestEntry:
        """Write the entry of a settled file, and give the file its name."""
        file.check()
        step, writer, sealed = file.step, file.writer, file.sealed
        retried = file.retried or None
        if sealed is None:
            file.abandon()
            outcome = Outcome.FAILED if file.problems else Outcome.SKIPPED
            entry = self._entry(step, outcome, file.problems or "there is nothing to say")
            entry = replace(entry, retried=retried)
            self.manifest.append(entry)
            return entry
        self.clipped += writer.clipped
        size, digest = sealed
        status = Outcome.TRUNCATED if file.problems else Outcome.OK
        said: str | None = "\n".join(file.said)
        said = None if said == step.job.text else said
        entry = replace(
            self._entry(step, status, file.problems, writer.samples, size, digest, said),
            loudness=None if writer.loudness is None else round(writer.loudness, 2),
            retried=retried,
        )
        file.note_logged()
        self.manifest.append(entry)
        if self._publish is None:
            file.staged.publish()
        else:
            self._publish(file.staged, entry)
        self._parents.add(file.staged.path.parent)
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
