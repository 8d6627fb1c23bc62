"""A worker's part in live sessions: it speaks one record after the other, as each is asked for.

A record is a session of its own here. Its audio is sent as it is made, as far as the other end
acknowledges it: a listener who is slow stops the stream of nobody else.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from vvcli.errors import VvcliError
from vvcli.fleet.inbox import Assignment
from vvcli.fleet.plain_values import ChunkMessage, Plain, record_of, spoken
from vvcli.fleet.ring import RingWriter
from vvcli.fleet.worker import Worker
from vvcli.samples import SAMPLE_RATE
from vvcli.speech.session_opener import SessionOpener
from vvcli.speech.session_options import SessionOptions
from vvcli.speech.sessions import SpeechSession
from vvcli.speech.values import Chunk, Status

READERS = 2  # threads that read text, so that a long one holds up no short one

AHEAD = 1.0  # seconds that are made and not sent
SWITCH_INTERVAL = 0.0005  # seconds
WINDOW = 2 * SAMPLE_RATE  # samples that are sent and not acknowledged


@dataclass(eq=False)
class _Speech:
    """A record that is spoken."""

    session: SpeechSession
    sent: int = 0  # samples
    acknowledged: int = 0


class SessionLoop:
    """Speaks the records of live sessions, until `run` is stopped.

    Args:
        worker: speaks.
        run: told which records, whose audio has come, and who has left.
        send: sends a message of plain values.
        ring: for audio.
    """

    def __init__(
        self, worker: Worker, run: Assignment, send: Callable[..., None], ring: RingWriter
    ) -> None:
        speaker = worker.speaker
        self._engine = speaker.engine
        self._opener = SessionOpener(speaker, threading.Lock())
        self._run = run
        self._send = send
        self._ring = ring
        self._readers = ThreadPoolExecutor(READERS, "reader")
        self._reading: dict[int, Future[SpeechSession]] = {}  # by ticket
        self._left: set[int] = set()  # while they were read
        self._speaking: dict[int, _Speech] = {}
        self._handlers: dict[str, Callable[..., None]] = {
            "say": self._say,
            "begun": self._begun,
            "heard": self._play,
            "acknowledge": self._acknowledge,
            "leave": self._leave,
        }

    def run(self) -> None:
        """Speak.

        Raises:
            StoppedError: the run is to end.
            RuntimeError: the engine has failed.
        """
        if self._engine.device.type == "cuda":
            self._engine.warm_up()
        # The engine gives the interpreter away with every operator: whoever reads text or sends
        # audio meanwhile gives it back soon.
        sys.setswitchinterval(SWITCH_INTERVAL)
        keeper = self._opener.open_session(
            SessionOptions(), None
        )  # as long as it is open, the engine runs
        try:
            while True:
                kind, *values = self._run.next_event()
                self._handlers[kind](*values)
        finally:
            self._readers.shutdown(cancel_futures=True)
            read = [each for each in self._reading.values() if not each.cancelled()]
            sessions = [each.result() for each in read if each.exception() is None]
            for session in [*sessions, *(each.session for each in self._speaking.values()), keeper]:
                session.close()

    def _say(self, ticket: int, options: Plain, record: Plain) -> None:
        self._reading[ticket] = self._readers.submit(self._begin, ticket, options, record)

    def _begin(self, ticket: int, options: Plain, record: Plain) -> SpeechSession:
        """Open the session of a record, in a thread of the readers."""
        asked = SessionOptions(**options, max_ahead=AHEAD)
        try:
            session = self._opener.open_session(asked, lambda: self._run.note("heard", ticket))
            try:
                session.submit(record_of(record))
                session.end()
            except BaseException:
                session.close()
                raise
            return session
        finally:
            self._run.note("begun", ticket)

    def _begun(self, ticket: int) -> None:
        reading = self._reading.pop(ticket)
        is_left = ticket in self._left
        self._left.discard(ticket)
        try:
            session = reading.result()
        except (VvcliError, ValueError) as error:
            if not is_left:
                failed = (Status.FAILED.value, str(error), None, 0)
                self._tell(ChunkMessage(ticket, 0, 0, *failed, self._engine.running))
            return
        if is_left:
            session.close()
            return
        self._speaking[ticket] = _Speech(session)
        self._play(ticket)

    def _acknowledge(self, ticket: int, samples: int) -> None:
        if ticket in self._speaking:
            self._speaking[ticket].acknowledged = samples
            self._play(ticket)

    def _leave(self, ticket: int) -> None:
        if ticket in self._reading:
            self._left.add(ticket)
        elif ticket in self._speaking:
            self._speaking.pop(ticket).session.close()

    def _play(self, ticket: int) -> None:
        """Send the audio that is there, as much as may be sent."""
        speech = self._speaking.get(ticket)
        while speech is not None and speech.sent - speech.acknowledged < WINDOW:
            chunk = speech.session.read(wait=False)
            if chunk is None:
                return
            speech.sent += len(chunk.samples)
            self._send_chunk(ticket, chunk, speech.session.clipped)
            if chunk.status is not None:
                del self._speaking[ticket]
                speech.session.close()
                return

    def _send_chunk(self, ticket: int, chunk: Chunk, clipped: int) -> None:
        position, length = self._ring.write(chunk.samples)
        status = None if chunk.status is None else chunk.status.value
        self._tell(
            ChunkMessage(
                *(ticket, position, length, status, chunk.error, *spoken(chunk.record)),
                active=self._engine.running,
                record_clipped=clipped,
                sample_type="int16" if chunk.samples.dtype == np.int16 else "float32",
            )
        )

    def _tell(self, message: ChunkMessage) -> None:
        self._send("chunk", self._run.number, *message)
