"""Speaks records through a resident synthesizer, in order, as `Synthesizer` speaks them here."""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from vvcli.client.exchange import Exchange
from vvcli.client.link import ServerLink
from vvcli.client.pending import PendingRecord
from vvcli.client.record_frames import RecordEnd
from vvcli.client.speech_request import SpeechSettings, request_body
from vvcli.errors import RecordError
from vvcli.samples import MAX_CHUNK_SAMPLES, SAMPLE_RATE
from vvcli.script.feed import RECORDS_AHEAD, Bell, Feed, seconds_ahead
from vvcli.script.record import Record
from vvcli.speech.values import Chunk, Status

if TYPE_CHECKING:
    from vvcli.samples import Samples, SampleType

AUTO_STREAMS = 64  # requests in flight, if the server has as many streams
TICK = 1.0  # seconds between two looks at the clock


@dataclass(frozen=True)
class ServerVoice:
    """The voice of records that name none."""

    name: str


class ResidentSynthesizer:
    """A server, ready to speak; the model, its voices and its steps are the server's.

    Args:
        link: to the server; closed by `stream`.
        settings: of records that do not say themselves how they are spoken.
        sample_type: of the audio: int16 is rounded and cut off by the server.
        as_bytes: hand out samples as they came, as a `memoryview`, which needs no numpy.
        streams: records that are spoken at the same time; `auto`: as many as the server can.
        max_ahead: seconds of audio kept here ahead of what is handed out, before no further record
            is asked for; default: enough to keep all streams busy.

    Attributes:
        clipped: samples of int16 that the server cut off.
        voice: of records that name none.
        streams: records that are spoken at the same time.
        device: the server's.

    Raises:
        UnavailableError: the server does not have the voice.
    """

    sample_rate = SAMPLE_RATE

    def __init__(
        self,
        link: ServerLink,
        settings: SpeechSettings,
        *,
        sample_type: SampleType = "float32",
        as_bytes: bool = False,
        streams: int | str = "auto",
        max_ahead: float | None = None,
    ) -> None:
        facts = link.facts
        self.voice = ServerVoice(facts.find_voice(settings.voice))
        asked = AUTO_STREAMS if streams == "auto" else int(streams)
        self.streams = min(asked, facts.streams)
        self.device = facts.device
        self.clipped = 0
        self._exchange = Exchange(link)
        self._settings = settings
        self._is_float = sample_type == "float32"
        self._width = 4 if self._is_float else 2
        self._as_bytes = as_bytes
        seconds = seconds_ahead(max_ahead, self.streams)
        self._max_ahead = seconds * SAMPLE_RATE * self._width  # bytes
        self._pending: deque[PendingRecord] = deque()  # in order, not handed out whole

    @property
    def active(self) -> int:
        """Records that are being spoken now."""
        return len(self._exchange.active)

    def report(self) -> list[dict[str, Any]]:
        """The figures of each worker: none, as a server does not tell of its own."""
        return []

    def stream(self, records: Iterable[Record]) -> Generator[Chunk, None, None]:
        """Audio in the order of `records`, as it is made; the head record's piece by piece.

        Records after it are spoken at the same time. A record whose answer breaks off is asked for
        again as long as nothing of it was handed out; otherwise it has failed. To stop early, close
        the generator: the server drops what is not spoken yet.

        Raises:
            UnavailableError: the server is gone, has changed or refuses everything.
        """
        bell = Bell()
        feed = Feed(records, depth=2 * self.streams, notify=bell.ring)
        try:
            while True:
                self._fetch(feed, bell)
                self._exchange.start(self._pending, self.streams)
                yield from self._ready()
                if feed.ended and not self._pending:
                    return
                self._wait(feed, bell)
        finally:
            feed.close()
            bell.close()
            self._exchange.close()

    def _prepare(self, record: Record) -> PendingRecord:
        """The request for `record`; one that needs none has ended."""
        if record.is_blank or record.error is not None:
            pending = PendingRecord(record, b"", self._width)
            status = Status.BLANK if record.is_blank else Status.FAILED
            pending.end = RecordEnd(status, record.error)
            return pending
        try:
            body, respelled = request_body(record, self._settings, is_float=self._is_float)
        except RecordError as error:
            pending = PendingRecord(record, b"", self._width)
            pending.end = RecordEnd(Status.FAILED, str(error))
            return pending
        return PendingRecord(record, body, self._width, respelled)

    def _fetch(self, feed: Feed, bell: Bell) -> None:
        """Take the records that are there, as many as there is room for."""
        room = self._room()
        while room and (record := _next(feed, bell)) is not None:
            self._pending.append(self._prepare(record))
            if self._pending[-1].end is None or len(self._pending) >= RECORDS_AHEAD:
                room -= 1

    def _room(self) -> int:
        """Records that may be taken in now."""
        if len(self._pending) >= RECORDS_AHEAD or self._held() > self._max_ahead:
            return 0
        return self.streams - sum(pending.end is None for pending in self._pending)

    def _held(self) -> int:
        """Bytes of audio that wait for their turn."""
        return sum(len(pending.frames.audio) for pending in self._pending)

    def _wait(self, feed: Feed, bell: Bell) -> None:
        """Wait until something can be sent, received or read, and do what can be done."""
        poll = select.poll()
        if not feed.ended and self._room():
            poll.register(bell.descriptor, select.POLLIN)
        is_full = self._held() > self._max_ahead
        asked = {}
        for place, pending in enumerate(self._pending):
            connection = pending.connection
            if connection is not None:
                reads = place == 0 or not is_full
                wanted = select.POLLOUT if connection.wants_to_write else 0
                if reads or wanted:
                    poll.register(connection, wanted | (select.POLLIN if reads else 0))
                    asked[connection.fileno()] = pending
                if not reads:
                    pending.heard = time.monotonic()  # it is not the server that is silent
        for descriptor, _ in poll.poll(1000 * self._patience()):
            if descriptor in asked:
                self._exchange.advance(asked[descriptor])
        self._exchange.drop_silent()

    def _patience(self) -> float:
        """Seconds to wait at most."""
        next_start = self._exchange.next_start(self._pending)
        has_room = self.active < self.streams
        return TICK if next_start is None or not has_room else min(TICK, next_start)

    def _ready(self) -> Generator[Chunk, None, None]:
        """The chunks whose turn it is."""
        while self._pending:
            head = self._pending[0]
            audio = head.frames.audio
            data = bytes(audio[: MAX_CHUNK_SAMPLES * self._width])
            del audio[: len(data)]
            ends = head.end is not None and not audio
            if not data and not ends:
                return
            head.is_put_out |= bool(data)
            if ends:
                self._pending.popleft()
            yield self._chunk(head, data, ends=ends)

    def _chunk(self, pending: PendingRecord, data: bytes, *, ends: bool) -> Chunk:
        if not ends or pending.end is None:
            return Chunk(pending.record, self._samples(data))
        self.clipped += pending.end.clipped
        return Chunk(pending.spoken, self._samples(data), pending.end.status, pending.end.error)

    def _samples(self, data: bytes) -> Samples:
        if self._as_bytes:
            # Writers take their length and their bytes, which both have.
            return cast("Samples", memoryview(data).cast("f" if self._is_float else "h"))
        import numpy as np  # only for formats that compute with samples

        return np.frombuffer(data, "<f4" if self._is_float else "<i2")


def _next(feed: Feed, bell: Bell) -> Record | None:
    """The next record, if it is there; otherwise the bell rings for it."""
    record = feed.get(wait=False)
    if record is None and not feed.ended:
        bell.quiet()
        record = feed.get(wait=False)  # that came just before
    return record
