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
class Sentence:
    """A sentence of a record that is spoken sentence by sentence.

    Attributes:
        number: its place in the record, from 0.
        text: as it was written.
    """

    number: int
    text: str


@dataclass(frozen=True)
class Retried:
    """A part of a record that was spoken again because it was broken.

    Attributes:
        part: place among the parts of the record, from 0; most records have one.
        seed: of the take that was kept.
        takes: how often it was spoken.
        fault: what was wrong with the first take.
        remaining: what is wrong with the one that was kept; None where it is sound.
    """

    part: int
    seed: int
    takes: int
    fault: str
    remaining: str | None


@dataclass(frozen=True)
class Chunk:
    """A piece of a record's audio; the last one of each record says how it ended.

    Attributes:
        record: the record that is spoken; all its chunks come one after another.
        samples: [n] at 24,000 Hz, mono: float32 of full scale 1, which may be exceeded, or int16.
            May be empty, as it always is for blank and failed records.
        status: how the record ended, in its last chunk; None in those before it.
        error: why the record failed or was cut short, in one sentence; None otherwise.
        sentence: what the samples say, where records are spoken in sentences.
        retried: parts that were spoken again, in the record's last chunk.
    """

    record: Record
    samples: Samples
    status: Status | None = None
    error: str | None = None
    sentence: Sentence | None = None
    retried: tuple[Retried, ...] = ()


@dataclass(frozen=True)
class Utterance:
    """A record's whole audio.

    Attributes:
        record: the record that was spoken.
        samples: [n] at 24,000 Hz, mono: float32 of full scale 1, which may be exceeded, or int16.
            Empty if the record was blank or failed.
        status: how the record ended.
        error: why the record failed or was cut short, in one sentence; None otherwise.
        sentences: each sentence and its first sample, where records are spoken in sentences: it
            lasts until the next one, or the end.
        retried: parts that were spoken again because they were broken.
    """

    record: Record
    samples: Samples
    status: Status
    error: str | None = None
    sentences: tuple[tuple[Sentence, int], ...] = ()
    retried: tuple[Retried, ...] = ()


def join_chunks(chunks: Generator[Chunk, None, None]) -> Generator[Utterance, None, None]:
    """The utterance of each record, once its last chunk is there; closes `chunks` with itself."""
    import numpy as np  # only here: listing records and help need none

    parts: list[Samples] = []
    sentences: dict[Sentence, int] = {}
    with closing(chunks):
        for chunk in chunks:
            if chunk.sentence is not None:
                sentences.setdefault(chunk.sentence, sum(map(len, parts)))
            parts.append(chunk.samples)
            if chunk.status is not None:
                yield Utterance(
                    chunk.record,
                    np.concatenate(parts),
                    chunk.status,
                    chunk.error,
                    tuple(sentences.items()),
                    chunk.retried,
                )
                parts.clear()
                sentences.clear()
