"""A record of a session: its streams, which are spoken one after the other, and its silence."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from vvcli.script.record import Record
from vvcli.speech.spoken_record import MakeStreams, RecordState, start_record
from vvcli.speech.stretch import Stretcher


class SessionStream(Protocol):
    """What an engine speaks: a part of a record here, a whole record elsewhere."""

    paused: bool


class Part(NamedTuple):
    """A part of a record."""

    stream: SessionStream
    pause: int  # samples of silence after it


@dataclass(eq=False)
class RecordWork:
    """What is left of a record, and how it goes.

    `clipped` are its samples that were cut off at full scale before they came here.
    """

    state: RecordState
    lead: int = 0  # samples of silence before the first part
    parts: deque[Part] = field(default_factory=deque)
    stretcher: Stretcher | None = None  # of all of it; None at the model's own speed
    clipped: int = 0

    def note_end(self, end: Any) -> None:
        """Take in how a part ended, as whoever spoke it says."""
        self.state.note_end(end)

    @classmethod
    def read(cls, streams: MakeStreams, record: Record, number: int) -> RecordWork:
        """Read `record`, whose streams are numbered from `number` on; it may fail, or be blank."""
        state, read, made = start_record(record, streams, number)
        parts = [Part(stream, part.pause) for part, stream in zip(read.parts, made, strict=True)]
        return cls(state, read.lead, deque(parts), read.stretcher())


# Makes the work of a record whose streams are numbered from there on.
MakeWork = Callable[[Record, int], RecordWork]
