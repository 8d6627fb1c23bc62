"""A record that a server was asked for, and how far it is."""

from __future__ import annotations

import json
from dataclasses import replace

from vvcli.client.connection import Connection
from vvcli.client.record_frames import MEDIA_TYPE, FrameError, FrameParser, RecordEnd
from vvcli.script.record import Record
from vvcli.speech.values import Status

MAX_REFUSAL = 1 << 16  # bytes of an answer that is no audio


class PendingRecord:
    """A record on its way.

    Args:
        record: what is spoken.
        body: the request for it; empty if there is nothing to ask.
        width: bytes of a sample.
        respelled: words that were respelled here.

    Attributes:
        connection: on which it is asked for at the moment.
        not_before: when it may be asked for again, on the clock of `time.monotonic`.
        attempts: requests that came to no end.
        heard: when its server last sent something.
        is_put_out: whether some of its audio was handed out, so that it cannot begin again.
        frames: its audio, of the last attempt.
        end: how it ended; None while it is on its way.
    """

    def __init__(self, record: Record, body: bytes, width: int, respelled: int = 0) -> None:
        self.record = record
        self.body = body
        self.connection: Connection | None = None
        self.not_before = 0.0
        self.attempts = 0
        self.heard = 0.0
        self.is_put_out = False
        self.frames = FrameParser(width)
        self.end: RecordEnd | None = None
        self._width = width
        self._respelled = respelled
        self._refusal = bytearray()

    @property
    def is_due(self) -> bool:
        """Whether it has to be asked for."""
        return self.end is None and self.connection is None

    @property
    def spoken(self) -> Record:
        """The record with what was spoken of it, once it has ended."""
        if self.end is None:
            return self.record
        respelled = self._respelled + self.end.respelled
        return replace(self.record, spoken=self.end.spoken, respelled=respelled)

    def begin(self, connection: Connection, path: str, now: float) -> None:
        """Ask for it on `connection`."""
        self.frames = FrameParser(self._width)
        self._refusal.clear()
        self.heard = now
        self.connection = connection
        connection.request(path, self.body)

    def take(self) -> None:
        """Take in what has come.

        Raises:
            FrameError: it is not a record.
        """
        assert self.connection is not None  # noqa: S101 - it was begun
        response = self.connection.response
        if response.status != 200:
            self._refusal += response.take()
            if len(self._refusal) > MAX_REFUSAL:
                raise FrameError("an answer that is too long")
            return
        if response.headers.get("content-type") != MEDIA_TYPE:
            raise FrameError("an answer of another type")
        self.frames.feed(response.take())
        if response.done:
            self.end = self.frames.finish()

    def refusal(self) -> str:
        """The sentence with which the server refused it."""
        status = self.connection.response.status if self.connection else 0
        try:
            message = json.loads(self._refusal)["error"]["message"]
        except (ValueError, KeyError, TypeError, RecursionError):
            message = None
        return message[:1000] if isinstance(message, str) else f"HTTP status {status}"

    def fail(self, reason: str) -> None:
        """End it: it cannot be spoken."""
        self.end = RecordEnd(Status.FAILED, f"{self.record.label}: {reason}")
