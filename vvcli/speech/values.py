"""The audio of a record, in chunks or whole, and how it ended."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from enum import Enum

from vvcli.samples import Samples
from vvcli.script.record import Record


class Status(Enum):
    """How a record ended."""

    OK = "ok"
    TRUNCATED = "truncated"  # the model's context was full before the text was spoken
    FAILED = "failed"
    BLANK = "blank"  # nothing to say


@dataclass(frozen=True)
class Chunk:
    """A piece of a record's audio; the last one of each record says how it ended.

    Attributes:
        record: the record that is spoken; all its chunks come one after another.
        samples: [n] at 24,000 Hz, mono: float32 of full scale 1, which may be exceeded, or int16.
            May be empty, as it always is for blank and failed records.
        status: how the record ended, in its last chunk; None in those before it.
        error: why the record failed or was cut short, in one sentence; None otherwise.
    """

    record: Record
    samples: Samples
    status: Status | None = None
    error: str | None = None


@dataclass(frozen=True)
class Utterance:
    """A record's whole audio.

    Attributes:
        record: the record that was spoken.
        samples: [n] at 24,000 Hz, mono: float32 of full scale 1, which may be exceeded, or int16.
            Empty if the record was blank or failed.
        status: how the record ended.
        error: why the record failed or was cut short, in one sentence; None otherwise.
    """

    record: Record
    samples: Samples
    status: Status
    error: str | None = None


def join_chunks(chunks: Generator[Chunk, None, None]) -> Generator[Utterance, None, None]:
    """The utterance of each record, once its last chunk is there; closes `chunks` with itself."""
    import numpy as np  # only here: listing records and help need none

    parts: list[Samples] = []
    with closing(chunks):
        for chunk in chunks:
            parts.append(chunk.samples)
            if chunk.status is not None:
                yield Utterance(chunk.record, np.concatenate(parts), chunk.status, chunk.error)
                parts.clear()
