"""One pass of records through the engine, and back into their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vvcli.audio.order import OrderBuffer
from vvcli.engine.engine import Engine
from vvcli.engine.stream import End, Stream, StreamFrame
from vvcli.errors import RecordError
from vvcli.model.config import SAMPLE_RATE
from vvcli.script.record import Record
from vvcli.utterance import Chunk, Status

NO_SAMPLES = np.zeros(0, dtype=np.float32)
JOINED = 10 * SAMPLE_RATE  # samples, at which a chunk of held back frames is full


@dataclass
class _Spoken:
    """A record on its way, and how it has gone so far in all of its parts."""

    record: Record
    status: Status = Status.OK
    error: str | None = None


class _Piece(NamedTuple):  # one for every frame of every stream
    """A frame of a record, or its last word."""

    spoken: _Spoken
    samples: NDArray[np.float32]
    is_last: bool


@dataclass(frozen=True)
class Due:
    """A chunk whose turn it is, in the frames it was made in."""

    record: Record
    frames: list[NDArray[np.float32]]
    status: Status | None
    error: str | None
    size: int  # samples

    def join(self) -> Chunk:
        """The chunk itself; joining its frames is for whoever has the time."""
        samples = self.frames[0] if len(self.frames) == 1 else np.concatenate(self.frames)
        return Chunk(self.record, samples, self.status, self.error)


class OrderedRun:
    """Records in, chunks out, in the order of the records.

    Args:
        engine: one that nobody else submits streams to.
        streams: makes the streams that speak a record, numbered from its second argument on;
            raises RecordError if it cannot be spoken.
    """

    def __init__(self, engine: Engine, streams: Callable[[Record, int], list[Stream]]) -> None:
        self._engine = engine
        self._streams = streams
        self._order: OrderBuffer[_Piece] = OrderBuffer()
        self._due: deque[_Piece] = deque()  # whose turn it is
        self._due_samples = 0
        self._active: dict[Stream, tuple[_Spoken, bool]] = {}  # whether it speaks the last part
        self._started = 0

    @property
    def idle(self) -> bool:
        """Whether no stream is waiting or running."""
        return not self._active

    @property
    def records(self) -> int:
        """Records, or parts of them, that are started and not handed out whole."""
        return self._started - self._order.head

    @property
    def ahead(self) -> int:
        """Samples made and not handed out."""
        return self._order.waiting + self._due_samples

    def start(self, record: Record) -> None:
        """Queue `record`; one that cannot be spoken ends here."""
        if record.is_blank:
            self._end(record, Status.BLANK)
            return
        try:
            streams = self._streams(record, self._started)
        except RecordError as error:
            self._end(record, Status.FAILED, str(error))
            return
        spoken = _Spoken(record)
        for stream in streams:
            self._active[stream] = spoken, stream is streams[-1]
            self._engine.submit(stream)
        self._started += len(streams)

    def step(self, *, admit: bool) -> None:
        """One step of the engine."""
        for frame in self._engine.step(admit=admit):
            self._deliver(frame)

    def ready(self, most: int | None = None) -> Iterator[Due]:
        """The chunks whose turn it is, up to about `most` samples.

        Frames that were held back come out together: what is done with a chunk costs about the
        same for one frame as for many.
        """
        for piece in self._order.drain():
            self._due.append(piece)
            self._due_samples += len(piece.samples)
        handed_out = 0
        while self._due and (most is None or handed_out < most):
            pieces: list[_Piece] = []
            size = 0
            while self._due and size < JOINED and not (pieces and pieces[-1].is_last):
                pieces.append(self._due.popleft())
                size += len(pieces[-1].samples)
            self._due_samples -= size
            handed_out += size
            yield _due(pieces, size)

    def cancel(self) -> None:
        """Take every stream that is left out of the engine."""
        for stream in self._active:
            self._engine.cancel(stream)

    def _end(self, record: Record, status: Status, error: str | None = None) -> None:
        piece = _Piece(_Spoken(record, status, error), NO_SAMPLES, is_last=True)
        self._order.put(self._started, piece, last=True)
        self._started += 1

    def _deliver(self, frame: StreamFrame) -> None:
        spoken, in_last_part = self._active[frame.stream]
        ends = frame.end is not None
        if ends:
            del self._active[frame.stream]
        if frame.end is End.TRUNCATED:
            spoken.status = Status.TRUNCATED
        piece = _Piece(spoken, frame.samples, is_last=ends and in_last_part)
        self._order.put(frame.stream.number, piece, size=len(frame.samples), last=ends)


def _due(pieces: list[_Piece], size: int) -> Due:
    """Pieces of one record as a chunk."""
    spoken, is_last = pieces[-1].spoken, pieces[-1].is_last
    # When the last piece's turn comes, all parts have ended, so the status is final.
    status, error = (spoken.status, spoken.error) if is_last else (None, None)
    return Due(spoken.record, [piece.samples for piece in pieces], status, error, size)
