"""A record that is being spoken: its status so far, the silence in it, and its speed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from vvcli.engine.stream import End, Stream
from vvcli.errors import RecordError
from vvcli.samples import MAX_CHUNK_SAMPLES, Samples
from vvcli.script.record import Record
from vvcli.speech.spoken_record import SpokenRecord
from vvcli.speech.stretch import Stretcher
from vvcli.speech.values import Retried, Sentence, Status

MakeStreams = Callable[[Record, int], tuple[SpokenRecord, list[Stream]]]  # as `RecordStreams` does


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


def start_record(
    record: Record, make_streams: MakeStreams, number: int
) -> tuple[RecordState, SpokenRecord, list[Stream]]:
    """Read `record`, whose streams are numbered from `number` on.

    There is no stream for one that is blank, fails, or is a pause alone.
    """
    if record.is_blank:
        return RecordState(record, Status.BLANK), SpokenRecord(record, ()), []
    try:
        read, streams = make_streams(record, number)
    except RecordError as error:
        return RecordState(record, Status.FAILED, str(error)), SpokenRecord(record, ()), []
    return RecordState(read.record, Status.BLANK if read.is_blank else Status.OK), read, streams


def silence(samples: int, like: Samples) -> Iterator[Samples]:
    """`samples` of silence of the type of `like`, in pieces of a chunk at most."""
    for start in range(0, samples, MAX_CHUNK_SAMPLES):
        yield np.zeros(min(MAX_CHUNK_SAMPLES, samples - start), dtype=like.dtype)


@dataclass(eq=False)
class Span:
    """Parts of a record, next to each other, that are stretched as one: a sentence, or all of it.

    Its samples come in order.
    """

    sentence: Sentence | None = None
    stretcher: Stretcher | None = None  # None at the model's own speed

    def at_speed(self, samples: Samples, *, ends: bool) -> Samples:
        """The samples at the speed of the span; with `ends` they are its last ones."""
        if self.stretcher is None:
            return samples
        made = self.stretcher.stretch(samples)
        return np.concatenate([made, self.stretcher.finish()]) if ends else made


def span_of(read: SpokenRecord, sentence: Sentence | None = None) -> Span:
    """A span at the speed of a record."""
    return Span(sentence, None if read.speed == 1 else Stretcher(read.speed))


def spans_of(read: SpokenRecord) -> list[Span]:
    """The span that each part of a record belongs to."""
    spans: list[Span] = []
    for part in read.parts:
        if spans and spans[-1].sentence == part.sentence:
            spans.append(spans[-1])
        else:
            spans.append(span_of(read, part.sentence))
    return spans
