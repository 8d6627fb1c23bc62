"""One pass of records through many workers, and back into their order."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from vvcli.fleet.audio_run import AudioRun
from vvcli.fleet.plain_values import ChunkMessage, extras_of, plain_record, with_spoken
from vvcli.fleet.run import POISON
from vvcli.samples import Samples
from vvcli.script.feed import RECORDS_AHEAD, Feed
from vvcli.script.record import Record
from vvcli.speech.order import OrderBuffer
from vvcli.speech.run import PendingChunk
from vvcli.speech.values import Retried, Sentence, Status


@dataclass
class _OpenRecord:
    """A record that is not handed out whole."""

    record: Record
    status: Status | None = None
    error: str | None = None
    retried: tuple[Retried, ...] = ()
    out: int = 0  # samples that were handed out
    skip: int = 0  # samples that a dead worker made, to be left out of what comes


class StreamRun(AudioRun[_OpenRecord]):
    """Records of a feed in, their chunks out, in order.

    Args:
        feed: wakes the pool when it has a record.
        max_ahead: samples that may wait for the head before no further record is started.
        others: see `FleetRun`.
    """

    def __init__(self, *others: Any, feed: Feed, max_ahead: float) -> None:
        super().__init__(*others)
        self._feed = feed
        self._max_ahead = max_ahead
        self._order: OrderBuffer[tuple[Samples, Sentence | None]] = OrderBuffer()
        self._records: dict[int, _OpenRecord] = {}
        self._admitting: dict[int, bool] = {}
        self._head = -1

    def chunks(self) -> Generator[PendingChunk, None, None]:
        """The chunks, until all records are spoken."""
        try:
            self.begin()
            while True:
                self._hand_out()
                self._steer()
                yield from self._ready()
                if self._feed.closed or (self._feed.ended and not self._records):
                    return
                self.take()
        finally:
            self._feed.close()
            self.stop()

    def retry(self, worker: int, tickets: list[int]) -> None:
        """Forget what `worker` made of `tickets`, but for the samples that are out."""
        self._admitting.pop(worker, None)
        for ticket in tickets:
            self._order.discard(ticket)
            self._records[ticket].skip = self._records[ticket].out

    def fail(self, ticket: int) -> None:
        """End the record here."""
        spoken = self._records[ticket]
        self._order.discard(ticket)
        spoken.status, spoken.error = Status.FAILED, f"{spoken.record.label}: {POISON}"
        self._order.put(ticket, (self.no_samples, None), last=True)

    def find(self, ticket: int) -> _OpenRecord | None:
        """The record of `ticket`; None if it is handed out whole."""
        return self._records.get(ticket)

    def hear(
        self, spoken: _OpenRecord, samples: Samples, skipped: int, message: ChunkMessage
    ) -> None:
        """Put audio into its place."""
        spoken.record = with_spoken(spoken.record, message.said, message.respelled)
        sentence, retried = extras_of(message.extras)
        ends = message.status is not None
        if ends:
            spoken.status, spoken.error = Status(message.status), message.error
            spoken.retried = retried
        if len(samples) or ends:
            piece = samples, sentence
            self._order.put(message.ticket, piece, size=len(samples), last=ends)

    def _hand_out(self) -> None:
        """Hand out what is to be spoken next, as far as workers ask."""
        ahead = self._order.waiting <= self._max_ahead
        while ahead and self.dispatcher.wants and len(self._records) < RECORDS_AHEAD:
            record = self._feed.get(wait=False)
            if record is None:
                break
            self._records[self.dispatcher.add()] = _OpenRecord(record)
            self._give(ahead=True)
        self._give(ahead=ahead)

    def _give(self, *, ahead: bool) -> None:
        for worker, ticket in self.dispatcher.hand_out(ahead=ahead):
            self.send(worker, "take", ticket, plain_record(self._records[ticket].record))
            if ticket == self._head:  # anew
                self.send(worker, "head", ticket)

    def _steer(self) -> None:
        """Say which record is heard now, and who may start what waits."""
        head = self.dispatcher.head
        if head != self._head and (owner := self.dispatcher.owner(head)) is not None:
            self._head = head
            self.send(owner, "head", head)
        full = self._order.waiting > self._max_ahead
        for worker in self._up:
            admits = not full or self.dispatcher.admits(worker)
            if admits != self._admitting.get(worker, True):
                self._admitting[worker] = admits
                self.send(worker, "admit", admits)

    def _ready(self) -> Generator[PendingChunk, None, None]:
        """The chunks whose turn it is."""
        for ticket, pieces, complete in self._order.drain():
            spoken = self._records.pop(ticket) if complete else self._records[ticket]
            for piece in pieces:
                samples, sentence = piece
                last = complete and piece is pieces[-1]
                spoken.out += len(samples)
                yield PendingChunk(
                    spoken.record,
                    [samples],
                    spoken.status if last else None,
                    spoken.error if last else None,
                    len(samples),
                    sentence=sentence,
                    retried=spoken.retried if last else (),
                )
