"""A listener of a server that is measured: what comes, when, and when it is audible."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vvcli.bench.load.sessions import Session
from vvcli.client.address import ServerAddress
from vvcli.client.connection import Connection
from vvcli.client.http_response import ResponseError
from vvcli.samples import FULL_SCALE, SAMPLE_RATE

PATH = "/v1/audio/speech"

# Speech is audible from its first sample on that is as loud as this: what is before it are breath
# and the noise of a decoder.
AUDIBLE_DBFS = -50
AUDIBLE = FULL_SCALE * 10 ** (AUDIBLE_DBFS / 20)

WHOLE, REFUSED, FAILED, UNFINISHED = "whole", "refused", "failed", "unfinished"
_BUSY = (429, 503)


@dataclass(frozen=True)
class Target:
    """A server to measure, which speaks as OpenAI's does: 16-bit PCM at 24,000 Hz.

    Attributes:
        address: where it is.
        token: that it asks for.
        fields: of every request, besides its text.
    """

    address: ServerAddress
    token: str | None
    fields: Mapping[str, Any]

    def body(self, text: str) -> bytes:
        """The request for `text`."""
        fields = {"input": text, "response_format": "pcm", **self.fields}
        return json.dumps(fields).encode()


@dataclass(frozen=True)
class Visit:
    """The times and the outcome of one session, in seconds from the start of the trial.

    Attributes:
        arrival: when it was to begin, whether or not anybody was ready.
        sent: when its request was sent.
        first: when its first sample came; None if none did.
        audible: when the first sample came that is audible.
        lead: seconds of its audio before that one.
        seconds: of audio that came.
        gap: the longest time between two pieces of audio.
        lateness: the most that a piece came after its turn, if it is played from `first` on.
        ended: when it ended, or was given up.
        outcome: WHOLE, REFUSED, FAILED or UNFINISHED.
    """

    arrival: float
    sent: float
    first: float | None
    audible: float | None
    lead: float
    seconds: float
    gap: float
    lateness: float
    ended: float
    outcome: str

    @property
    def underran(self) -> bool:
        """Whether a piece came after its turn."""
        return self.lateness > 0

    @property
    def session(self) -> Session:
        """It as a session that is played."""
        frames = round(self.seconds * SAMPLE_RATE)
        return Session(self.arrival, frames, 1 / SAMPLE_RATE, self.first)


class Listener:
    """One session on its way, on a connection of its own.

    Raises:
        OSError: nobody listens.
    """

    def __init__(self, target: Target, text: str, arrival: float) -> None:
        self.outcome = UNFINISHED
        self.audible: float | None = None
        self.sent = 0.0
        self.session = Session(arrival, 0, 1 / SAMPLE_RATE)
        self.connection = Connection(target.address, target.token)
        self._lead = 0  # samples that are not audible
        self._rest = b""  # half a sample
        self.connection.request(PATH, target.body(text))
        self.connection.write()

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self.outcome != UNFINISHED

    def advance(self, now: float) -> None:
        """Send and receive what can be, `now`."""
        connection = self.connection
        try:
            if connection.wants_to_write:
                connection.write()
            connection.read()
        except (ResponseError, OSError):
            self.outcome = FAILED
            return
        response = connection.response
        data = response.take()
        if response.status == 200 and data:
            self._hear(data, now)
        if response.done:
            self.outcome = self._outcome(response.status)

    def visit(self, now: float) -> Visit:
        """The session as it was heard until `now`, in seconds from the start of the trial."""
        heard = self.session
        return Visit(
            *(heard.arrival, self.sent, heard.first, self.audible, self._lead / SAMPLE_RATE),
            heard.delivered / SAMPLE_RATE,
            *(heard.worst_gap, heard.worst_lateness if heard.underran else 0.0),
            *(now, self.outcome),
        )

    def _hear(self, data: bytes, now: float) -> None:
        data = self._rest + data
        whole = len(data) & ~1
        self._rest = data[whole:]
        if not whole:
            return
        if self.audible is None:
            loud = np.abs(np.frombuffer(data[:whole], "<i2").astype(np.int32)) >= AUDIBLE
            place = int(loud.argmax())
            self._lead += place if loud[place] else len(loud)
            self.audible = now if loud[place] else None
        self.session.deliver(now, whole // 2)

    def _outcome(self, status: int) -> str:
        if status == 200:
            return WHOLE if self.audible is not None else FAILED
        return REFUSED if status in _BUSY else FAILED
