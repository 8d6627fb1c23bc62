"""A record of a session: its streams, which are spoken one after the other, and its silence."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from vvcli.engine.stream import Stream
from vvcli.errors import RecordError
from vvcli.script.record import Record
from vvcli.speech.record_state import RecordState
from vvcli.speech.span import Span, stretcher_of
from vvcli.speech.spoken_record import SpokenRecord
from vvcli.speech.values import Status

MakeStreams = Callable[[Record, int], tuple[SpokenRecord, list[Stream]]]


class Part(NamedTuple):
    """A part of a record."""

    stream: Stream
    pause: int  # samples of silence after it


@dataclass(eq=False)
class RecordWork:
    """What is left of a record, and how it goes."""

    state: RecordState
    lead: int = 0  # samples of silence before the first part
    parts: deque[Part] = field(default_factory=deque)
    span: Span = field(default_factory=Span)  # all of it, which comes at one speed

    @classmethod
    def read(cls, record: Record, streams: MakeStreams, number: int) -> RecordWork:
        """Read `record`, whose streams are numbered from `number` on; it may fail, or be blank."""
        if record.is_blank:
            return cls(RecordState(record, Status.BLANK))
        try:
            read, made = streams(record, number)
        except RecordError as error:
            return cls(RecordState(record, Status.FAILED, str(error)))
        parts = [Part(stream, part.pause) for part, stream in zip(read.parts, made, strict=True)]
        status = Status.BLANK if read.is_blank else Status.OK
        span = Span(None, stretcher_of(read))
        return cls(RecordState(read.record, status), read.lead, deque(parts), span)
