"""How a record that is being spoken goes: its status so far, and the silence in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from vvcli.engine.stream import End
from vvcli.samples import SAMPLE_RATE, Samples
from vvcli.script.record import Record
from vvcli.speech.values import Retried, Status

MAX_CHUNK_SAMPLES = 10 * SAMPLE_RATE  # of frames that were held back and come out together


@dataclass
class RecordState:
    """A record that is started, and the status of its parts so far."""

    record: Record
    status: Status = Status.OK
    error: str | None = None
    retried: list[Retried] = field(default_factory=list)

    def note_end(self, end: End | None) -> None:
        """Take in how a part ended; the first failure is the record's, cut short is less."""
        if end is End.BROKEN:
            self._fail(Status.FAILED, "the model made samples that are not finite, or far too loud")
        elif end is End.TRUNCATED and self.status is Status.OK:
            reason = "the model's context is full, the rest of the text is not spoken"
            self._fail(Status.TRUNCATED, reason)

    def _fail(self, status: Status, reason: str) -> None:
        """Set the status, and the error to a sentence that names the record."""
        self.status = status
        self.error = f"{self.record.label}: {reason}"


def silence(samples: int, like: Samples) -> Iterator[Samples]:
    """`samples` of silence of the type of `like`, in pieces of a chunk at most."""
    for start in range(0, samples, MAX_CHUNK_SAMPLES):
        yield np.zeros(min(MAX_CHUNK_SAMPLES, samples - start), dtype=like.dtype)
