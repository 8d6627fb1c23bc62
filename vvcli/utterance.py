"""What comes out: the audio of a record, in chunks or whole."""

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
    """A piece of a record's audio; the last one of each record says how it ended."""

    record: Record
    samples: Samples  # [n], 24 kHz mono; may be empty
    status: Status | None = None
    error: str | None = None


@dataclass(frozen=True)
class Utterance:
    """A record's whole audio."""

    record: Record
    samples: Samples  # [n], 24 kHz mono
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
