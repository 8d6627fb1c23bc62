"""One pass of records through the engine, and back into their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vvcli.engine.engine import Engine
from vvcli.engine.stream import End, Stream
from vvcli.samples import MAX_CHUNK_SAMPLES, Samples
from vvcli.script.record import Record
from vvcli.speech.order import Order, OrderBuffer
from vvcli.speech.retry import RetryEngine
from vvcli.speech.spoken_record import MakeStreams, RecordState, start_record
from vvcli.speech.stretch import Stretcher
from vvcli.speech.values import Chunk, Retried, Sentence, Status


class _Part(NamedTuple):
    """The part of a record that one stream speaks; most records have one part."""

    state: RecordState
    is_last: bool
    place: int  # of the record among those started
    sentence: Sentence | None
    stretcher: Stretcher | None  # None at the model's own speed
    ends_stretch: bool = True
    number: int = 0  # among the parts of the record
    pause: int = 0  # samples of silence after it


@dataclass(frozen=True)
class PendingChunk:
    """A chunk whose turn it is, its frames not joined yet."""

    record: Record
    frames: list[Samples]
    status: Status | None
    error: str | None
    size: int  # samples, before they are stretched
    place: int = 0  # of the record among those of the run, from 0
    sentence: Sentence | None = None
    stretcher: Stretcher | None = None  # None at the model's own speed
    ends_stretch: bool = False
    retried: tuple[Retried, ...] = ()

    def join(self) -> Chunk:
        """The chunk; frames are joined and stretched here, in the thread that writes them.

        To be called once for each chunk, in their order.
        """
        samples = self.frames[0]
        if len(self.frames) > 1:
            # NumPy would let the engine's thread go on, and wait for it, at every frame.
            samples = np.frombuffer(
                bytearray().join([each.data for each in self.frames]), samples.dtype
            )
        if self.stretcher is not None:
            samples = self.stretcher.stretch(samples, ends=self.ends_stretch)
        return Chunk(self.record, samples, self.status, self.error, self.sentence, self.retried)


class OrderedRun:
    """Records in, chunks out.

    Args:
        engine: one that nobody else submits streams to.
        streams: reads a record, and makes the streams that speak its parts, numbered from the
            second argument on; raises RecordError if it cannot be spoken.
        order: of the chunks; by default that of the records.
        on_made: is told the place of each record once the engine is done with it, which may be
            long before its last chunk comes out.
        retries: how often a stream that is broken is spoken again; with any, no stream is heard
            before it has been judged.
    """

    def __init__(
        self,
        engine: Engine,
        streams: MakeStreams,
        order: Order | None = None,
        on_made: Callable[[int], None] | None = None,
        *,
        retries: int = 0,
    ) -> None:
        self._retry = RetryEngine(engine, retries) if retries else None
        self._engine = self._retry or engine
        self._streams = streams
        self._order: Order = OrderBuffer[Samples]() if order is None else order
        self._on_made = on_made
        self._unmade: dict[int, int] = {}  # streams that are left, by place; only for `on_made`
        self._places = 0
        self._parts: dict[int, _Part] = {}  # by number, until handed out whole
        self._active: set[Stream] = set()
        self._started = 0

    @property
    def idle(self) -> bool:
        """Whether no stream is waiting or running."""
        return not self._active

    @property
    def records(self) -> int:
        """Records, or parts of them, that are started and not handed out whole."""
        return len(self._parts)

    @property
    def ahead(self) -> int:
        """Samples made and not handed out."""
        return self._order.waiting + (self._retry.held if self._retry else 0)

    def start(self, record: Record) -> None:
        """Queue `record`; one of which nothing is spoken ends here."""
        state, read, streams = start_record(record, self._streams, self._started)
        place = self._begin(max(1, len(streams)))
        self._silence(self._started, read.lead)
        if not streams:
            self._parts[self._started] = _Part(state, True, place, None, read.stretcher())
            self._order.put(self._started, self._engine.no_samples, last=True)
            self._started += 1
            self._note_made(place)
            return
        stretchers = read.stretchers()
        for number, (part, stream) in enumerate(zip(read.parts, streams, strict=True)):
            is_last = stream is streams[-1]
            self._parts[stream.number] = _Part(
                state,
                is_last,
                place,
                part.sentence,
                stretchers[number],
                ends_stretch=is_last or stretchers[number] is not stretchers[number + 1],
                number=number,
                pause=part.pause,
            )
            self._active.add(stream)
            self._engine.submit(stream)
        self._started += len(streams)

    def step(self, *, admit: bool) -> None:
        """One step of the engine."""
        put = self._order.put
        for stream, samples, end in self._engine.step(admit=admit):
            if end is None:
                put(stream.number, samples, len(samples))
            else:
                self._deliver_last(stream, samples, end)

    def ready(self) -> Iterator[PendingChunk]:
        """The chunks whose turn it is.

        Frames that were held back come out together: what is done with a chunk costs about the
        same for one frame as for many.
        """
        for number, frames, complete in self._order.drain():
            part = self._parts.pop(number) if complete else self._parts[number]
            # When the last part's turn comes, all parts have ended, so the status is final.
            yield from _chunks(part, frames, ends=complete)

    def cancel(self) -> None:
        """Cancel every stream that is not done."""
        for stream in self._active:
            self._engine.cancel(stream)

    def _begin(self, streams: int) -> int:
        """The place of the next record, which so many streams speak."""
        self._order.begin(self._started, streams)
        self._places += 1
        if self._on_made is not None:
            self._unmade[self._places - 1] = streams
        return self._places - 1

    def _note_made(self, place: int) -> None:
        """A stream of the record at `place` has ended."""
        if self._on_made is None:
            return
        self._unmade[place] -= 1
        if not self._unmade[place]:
            del self._unmade[place]
            self._on_made(place)

    def _deliver_last(self, stream: Stream, samples: Samples, end: End) -> None:
        """The stream has ended, with `samples`."""
        number = stream.number
        part = self._parts[number]
        self._active.remove(stream)
        if self._retry is not None:
            part.state.retried += self._retry.take_retried(stream, part.number)
        self._note_made(part.place)
        part.state.note_end(end)
        self._order.put(number, samples, len(samples), last=not part.pause)
        if part.pause:
            self._silence(number, part.pause, last=True)

    def _silence(self, number: int, samples: int, *, last: bool = False) -> None:
        """Put `samples` of silence into the sequence `number`, in pieces of a chunk at most."""
        while samples:
            size = min(MAX_CHUNK_SAMPLES, samples)
            samples -= size
            piece = np.zeros(size, dtype=self._engine.no_samples.dtype)
            self._order.put(number, piece, size, last=last and not samples)


def _chunks(part: _Part, frames: list[Samples], *, ends: bool) -> Iterator[PendingChunk]:
    """Frames of one part, up to MAX_CHUNK_SAMPLES samples together; with `ends` its last ones."""
    state, start = part.state, 0
    while start < len(frames):
        end, samples = start + 1, len(frames[start])
        while end < len(frames) and samples + len(frames[end]) <= MAX_CHUNK_SAMPLES:
            samples += len(frames[end])
            end += 1
        batch, start = frames[start:end], end
        ends_part = ends and end == len(frames)
        is_last = ends_part and part.is_last
        yield PendingChunk(
            state.record,
            batch,
            state.status if is_last else None,
            state.error if is_last else None,
            samples,
            part.place,
            part.sentence,
            part.stretcher,
            ends_stretch=ends_part and part.ends_stretch,
            retried=tuple(state.retried) if is_last else (),
        )
