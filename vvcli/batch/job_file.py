"""The file of a job, from its first chunk until it is whole."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

from vvcli.audio.encoder_pool import EncoderPool
from vvcli.audio.pcm import SILENCE_BLOCK
from vvcli.audio.writer import FileFormat
from vvcli.batch.containment import OutputFolder
from vvcli.batch.resume import JobStep
from vvcli.batch.staging import StagedFile
from vvcli.script.record import Record
from vvcli.speech.values import Chunk, Status


class JobFile:
    """Takes the chunks of a job; `pool` writes them, and brings the file into its final form.

    Attributes:
        step: the job.
        staged: the file, without its name.
        ended: whether all chunks were taken; once `is_settled`, all else is to be known.
        writer: knows the samples that were written.
        said: of each record, as it was spoken.
        sealed: size and SHA-256 of the file; none if there is nothing in it to be kept.

    Raises:
        OutputError: from every method but the properties, when the disk refuses.
    """

    def __init__(
        self,
        step: JobStep,
        folder: OutputFolder,
        file_format: FileFormat,
        input_rate: int,
        pool: EncoderPool,
    ) -> None:
        self.step = step
        self.ended = False
        self.said: list[str] = []
        self.retried: list[dict[str, Any]] = []
        self.sealed: tuple[int, str] | None = None
        self._pool = pool
        self._input_rate = input_rate
        self._failed: list[str] = []
        self._truncated: list[str] = []
        self._silence_due = 0.0  # seconds, written when more audio comes
        self._is_logged = False
        self.staged = StagedFile(folder, str(step.job.path))
        try:
            output = pool.open(self.staged.descriptor, str(self.staged.path))
            self.writer = file_format.open(output, input_rate)
            self._work = pool.begin()
        except BaseException:
            self.staged.abandon()
            raise

    @property
    def problems(self) -> str | None:
        """Why records have no audio, or not all of it."""
        return "; ".join(self._failed + self._truncated) or None

    @property
    def is_settled(self) -> bool:
        """Whether the file is done with, or cannot be made."""
        return self._work.done or self._work.error is not None

    def check(self) -> None:
        """Raise the error for which the file cannot be made, if there is one."""
        if self._work.error is not None:
            raise self._work.error

    def add(self, chunk: Chunk) -> None:
        """Take the next chunk; the last one ends the file."""
        if len(chunk.samples):
            if self._silence_due:
                self._pool.put(self._work, partial(self._write_silence, self._silence_due))
                self._silence_due = 0.0
            self._pool.put(self._work, self.writer.write, chunk.samples)
        if chunk.status is None:
            return
        self._note_end(chunk)
        if _is_last(chunk.record, self.step):
            self._pool.put(self._work, self._seal)
            self._pool.end(self._work)
            self.ended = True

    def note_logged(self) -> None:
        """From now on there may be an entry of the file."""
        self._is_logged = True

    def abandon(self) -> None:
        """Remove what was written, unless it is whole and may have its entry already."""
        if self._is_logged:
            self.staged.abandon()
        else:
            self.staged.discard()

    def _note_end(self, chunk: Chunk) -> None:
        """A record has ended with `chunk`."""
        if chunk.status is Status.BLANK:
            return
        index = {"index": chunk.record.index}
        self.retried += [index | asdict(retried) for retried in chunk.retried]
        if chunk.status is Status.FAILED:
            self._failed.append(chunk.error or "failed")
            return
        if chunk.status is Status.TRUNCATED:
            self._truncated.append(chunk.error or "truncated")
        self.said.append(chunk.record.spoken or chunk.record.text)
        if chunk.record.part == chunk.record.parts - 1:
            place = chunk.record.index - self.step.job.index
            self._silence_due = self.step.job.gaps[place]

    def _write_silence(self, seconds: float) -> None:
        left = round(seconds * self._input_rate)
        while left:
            self._pool.check()  # a day of it is not to be waited for
            block = min(left, SILENCE_BLOCK)
            self.writer.silence(block)
            left -= block

    def _seal(self) -> None:
        """Bring the file into its final form and onto the disk, if it holds any speech."""
        if not self.said or (self.problems and not self.writer.samples):
            return
        if self._silence_due:  # asked for by the last record itself
            self._write_silence(self._silence_due)
        self.writer.finish()
        self.sealed = self.staged.seal()


def _is_last(record: Record, step: JobStep) -> bool:
    return record.index == step.job.records[-1].index and record.part == record.parts - 1
