"""A record of a session: its streams, which are spoken one after the other, and its silence."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from vvcli.engine.stream import Stream
from vvcli.script.record import Record
from vvcli.speech.record_state import MakeStreams, RecordState, Span, span_of, start_record


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
        state, read, made = start_record(record, streams, number)
        parts = [Part(stream, part.pause) for part, stream in zip(read.parts, made, strict=True)]
        return cls(state, read.lead, deque(parts), span_of(read))
