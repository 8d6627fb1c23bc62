"""Requests in flight: sent, sent again where nothing is lost by it, and given up."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from vvcli.client.connection import Connection
from vvcli.client.http_response import ResponseError
from vvcli.client.link import ServerLink
from vvcli.client.pending import PendingRecord
from vvcli.client.record_frames import FrameError
from vvcli.client.speech_request import PATH
from vvcli.errors import UnavailableError

MAX_ATTEMPTS = 3  # of one record, each of which the server broke off
GONE = 10.0  # seconds in which a server that is gone may come back
BUSY = 60.0  # seconds in which a server that is full, and speaks nothing for us, may take something
SILENT = 300.0  # seconds in which nothing may come
LONGEST_WAIT, SHORTEST_WAIT = 10.0, 0.05  # seconds before a request is sent again

# What a server says who cannot now: later.
_LATER = (408, 429, 503)
_FORBIDDEN = (401, 403)
_OF_RECORD = (400, 413, 500)


class Exchange:
    """The requests of one run.

    Args:
        link: to the server.

    Attributes:
        active: records that are asked for at the moment.
    """

    def __init__(self, link: ServerLink) -> None:
        self.active: set[PendingRecord] = set()
        self._link = link
        self._again = 0.0  # when the next request may be sent
        self._wait = SHORTEST_WAIT  # before the next attempt to connect
        self._progress = time.monotonic()  # when the server last did what it was asked

    def start(self, records: Iterable[PendingRecord], max_active: int) -> None:
        """Ask for `records` that are due, in order, until `max_active` are asked for.

        Raises:
            UnavailableError: the server is gone, or is another one now.
        """
        for pending in records:
            now = time.monotonic()
            if len(self.active) >= max_active or now < self._again:
                return
            if not pending.is_due or now < pending.not_before:
                continue
            try:
                connection = self._link.open()
            except OSError as error:
                self._delay(now, error)
                return
            self._wait = SHORTEST_WAIT
            pending.begin(connection, PATH, now)
            self.active.add(pending)
            connection.write()

    def next_start(self, records: Iterable[PendingRecord]) -> float | None:
        """Seconds until a record may be asked for that could not be before; None if there is none.

        Whether there is room for it is not considered.
        """
        times = [max(pending.not_before, self._again) for pending in records if pending.is_due]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def advance(self, pending: PendingRecord) -> None:
        """Send and receive what can be now.

        Raises:
            UnavailableError: the server refuses everything, or has been full for too long.
        """
        connection = pending.connection
        assert connection is not None  # noqa: S101 - it is active
        try:
            if connection.wants_to_write:
                connection.write()
            connection.read()
            pending.heard = time.monotonic()
            pending.take()
        except (ResponseError, FrameError, OSError) as error:
            self._break(pending, error)
            return
        response = connection.response
        if response.status == 200:
            self._progress = pending.heard
        if response.done:
            if response.status != 200:
                self._refuse(pending, connection)
            self._release(pending)

    def drop_silent(self) -> None:
        """Give up on requests of which nothing has been heard for long."""
        now = time.monotonic()
        for pending in [*self.active]:
            if now - pending.heard > SILENT:
                self._break(pending, TimeoutError(f"nothing has come for {SILENT:g} s"))

    def close(self) -> None:
        """Leave: the server drops what it was asked for."""
        for pending in self.active:
            if pending.connection is not None:
                pending.connection.close()
        self.active.clear()
        self._link.close()

    def _release(self, pending: PendingRecord) -> None:
        self.active.discard(pending)
        if pending.connection is not None:
            self._link.give_back(pending.connection)
            pending.connection = None

    def _break(self, pending: PendingRecord, error: Exception) -> None:
        """The answer came to no end."""
        connection = pending.connection
        assert connection is not None  # noqa: S101 - it is active
        # A server closes connections that idle; that one did so as we wrote says nothing about it.
        was_idle = connection.was_idle and not connection.response.has_begun
        connection.close()
        pending.connection = None
        self.active.discard(pending)
        self._link.is_doubtful = True
        if pending.is_put_out:
            pending.fail(f"the server broke off in the middle of it: {error}")
            return
        pending.attempts += not was_idle
        if pending.attempts >= MAX_ATTEMPTS:
            pending.fail(f"the server broke off {MAX_ATTEMPTS} times: {error}")

    def _refuse(self, pending: PendingRecord, connection: Connection) -> None:
        """The answer is an error."""
        response, sentence = connection.response, pending.refusal()
        if response.status in _LATER:
            now = time.monotonic()
            if now - self._progress > BUSY and len(self.active) == 1:
                raise UnavailableError(f"the server at {self._link.address} is busy: {sentence}")
            wait = response.headers.get("retry-after", "")
            seconds = float(wait) if re.fullmatch("[0-9]{1,6}", wait) else 1.0
            pending.not_before = now + min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)
            self._again = max(self._again, pending.not_before)
        elif response.status in _FORBIDDEN:
            where = self._link.address
            raise UnavailableError(f"the server at {where} lets nobody in: {sentence}")
        elif response.status in _OF_RECORD:
            pending.fail(sentence)
        else:
            where = self._link.address
            raise UnavailableError(f"the server at {where} cannot be used: {sentence}")

    def _delay(self, now: float, error: OSError) -> None:
        """Nobody listens: try again soon, for a while."""
        if not self.active and now - self._progress > GONE:
            reason = error.strerror or error
            raise UnavailableError(f"the server at {self._link.address} is gone: {reason}")
        self._link.is_doubtful = True
        self._again = now + self._wait
        self._wait = min(2 * self._wait, 1.0)
