"""Drives one engine for many sessions, in a thread of its own."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from vvcli.samples import Samples
from vvcli.script.record import Record
from vvcli.speech.audio_queue import Piece
from vvcli.speech.session_backend import Begin, SessionLoad
from vvcli.speech.session_state import SessionState
from vvcli.speech.session_work import Part, RecordWork, SessionStream
from vvcli.speech.spoken_record import RecordState
from vvcli.speech.turns import Turns
from vvcli.speech.values import Status


class SessionEngine:
    """One engine, and the sessions that speak with it.

    A session speaks one stream at a time, and queues again after each record if others wait. Its
    audio is bounded: at its limit the stream pauses, or the next one is not begun.
    The thread lives as long as a session is open. It alone touches the engine; others change a
    session's state under `lock` and say so with `touch`.

    Args:
        begin: what speaks, once the first session is open; nobody else uses it meanwhile.
        no_samples: of the type of its audio.
        slots: its streams that run at the same time.
        speaking: held while a session is open, so that nobody else uses the engine.
    """

    def __init__(
        self, begin: Begin, no_samples: Samples, slots: int, speaking: threading.Lock
    ) -> None:
        self.lock = threading.Lock()
        self.turns: Turns[SessionState] = Turns(slots)
        self.frames = 0  # handed out
        self.error: BaseException | None = None  # that ended the thread
        self.no_samples = no_samples
        self._begin_engine = begin
        self._speaking = speaking
        self._opening = threading.Lock()
        self._wake = threading.Condition(self.lock)
        self._numbers = itertools.count()
        self._sessions: set[SessionState] = set()
        self._touched: dict[SessionState, None] = {}  # in order
        self._spoken: dict[SessionStream, SessionState] = {}
        self._dropped: list[SessionStream] = []  # to be cancelled
        self._thread: threading.Thread | None = None

    @property
    def load(self) -> SessionLoad:
        """What is going on now."""
        return SessionLoad(len(self._sessions), self.turns.held, self.turns.waiting, self.frames)

    def check(self) -> None:
        """Raise RuntimeError if the engine has failed."""
        if self.error is not None:
            raise RuntimeError(f"the engine has failed: {self.error}") from self.error

    def open(self, session: SessionState) -> None:
        """Add `session`, and start the thread with the first one.

        Raises:
            RuntimeError: something else is speaking.
        """
        with self._opening:
            if self._thread is None:
                if not self._speaking.acquire(blocking=False):
                    raise RuntimeError(
                        "this Synthesizer is speaking already: finish or close() the generator "
                        "before a session is opened"
                    )
                self.error = None
                self._sessions.add(session)
                # A daemon: a session that was forgotten must not keep the process alive.
                self._thread = threading.Thread(target=self._run, name="sessions", daemon=True)
                self._thread.start()
                return
            with self.lock:
                self._sessions.add(session)

    def close(self, session: SessionState) -> None:
        """Drop what `session` has, and end the thread with the last one."""
        with self._opening:
            with self.lock:
                if session not in self._sessions:
                    return
                self._sessions.discard(session)
                self._drop(session)
                self._wake_up()
                is_last = not self._sessions
            thread = self._thread
            if is_last and thread is not None:
                thread.join()
                self._thread = None
                self._speaking.release()

    def put(self, session: SessionState, record: Record) -> None:
        """Read `record`, in this thread, and queue it.

        Raises:
            BusyError: see `Turns.join`.
        """
        with self.lock:
            self.turns.join(session, ready=False, always=session.has_work)
            session.reading += 1
            epoch = session.epoch
        work = None
        try:
            work = session.make_work(record, next(self._numbers))
        finally:
            with self.lock:
                session.reading -= 1
                if work is not None and epoch == session.epoch:
                    session.works.append(work)
                self.touch(session)

    def cancel(self, session: SessionState) -> None:
        """Drop what `session` has; its slot is free with the next step."""
        with self.lock:
            self._drop(session)
            self._wake_up()

    def touch(self, session: SessionState) -> None:
        """Look after `session` before the next step; with `lock` held."""
        self._touched[session] = None
        self._wake_up()

    def _wake_up(self) -> None:
        """Let the thread see what has changed; with `lock` held."""
        self._wake.notify()

    def _drop(self, session: SessionState) -> None:
        stream = session.forget()
        if stream is not None:
            self._spoken.pop(stream, None)
            self._dropped.append(stream)
        self._touched[session] = None

    def _run(self) -> None:
        try:
            self._engine = self._begin_engine()
            while self._prepare():
                frames = self._engine.step()
                with self.lock:
                    for frame in frames:
                        self._hand_out(frame)
        except BaseException as error:  # whatever it is, listeners wait for it
            with self.lock:
                self.error = error
                for session in self._sessions:
                    session.wake()

    def _prepare(self) -> bool:
        """Do what sessions asked for, and wait until there is something to compute.

        Returns: False if no session is left.
        """
        with self.lock:
            while True:
                has_changed = self._apply()
                if not self._sessions:
                    return self._finish()
                if self._engine.busy and (has_changed or not self._engine.stalled):
                    return True
                self._wake.wait()

    def _finish(self) -> bool:
        """Let the engine forget the streams that were cancelled."""
        while self._engine.busy:
            self._engine.step()
        return False

    def _apply(self) -> bool:
        """Whether the engine was told something."""
        dropped, self._dropped = self._dropped, []
        for stream in dropped:
            self._engine.cancel(stream)
        has_changed = bool(dropped)
        while self._touched:
            touched, self._touched = self._touched, {}
            for session in touched:
                has_changed |= self._advance(session)
            for session in self.turns.grant():
                self._touched[session] = None
        return has_changed

    def _advance(self, session: SessionState) -> bool:
        """Bring `session` on; whether the engine was told something."""
        stream = session.stream
        if stream is not None:
            if stream.paused == session.audio.wants_pause(stream.paused):
                return False
            self._engine.pause(stream, paused=not stream.paused)
            return True
        if session.has_work and not session.audio.wants_pause(False):
            if self.turns.holds(session):
                return self._begin(session)
            self.turns.join(session, ready=True, always=True)
        elif not session.reading:  # nothing to say, or nobody who hears it
            self.turns.leave(session)
        return False

    def _begin(self, session: SessionState) -> bool:
        """Start the next part of `session`, or end its record."""
        work = session.work
        if work is None:
            work = session.work = session.works.popleft()
            session.put(Piece(work, None, silence=work.lead))
        if work.parts:
            self._submit(session, work, work.parts.popleft())
            return session.stream is not None
        session.put(Piece(work, self.no_samples, ends=True))
        session.work = None
        if self.turns.contested:
            self.turns.leave(session)
        self._touched[session] = None
        return False

    def _submit(self, session: SessionState, work: RecordWork, part: Part) -> None:
        try:
            self._engine.submit(part.stream)
        except ValueError as error:
            sentence = f"{work.state.record.label}: {error}"
            work.state = RecordState(work.state.record, Status.FAILED, sentence)
            work.parts.clear()
            self._touched[session] = None
            return
        session.stream, session.pause = part.stream, part.pause
        self._spoken[part.stream] = session

    def _hand_out(self, frame: Any) -> None:
        session = self._spoken.get(frame.stream)
        if session is None or session.work is None:  # it was cancelled
            return
        self.frames += 1
        session.put(Piece(session.work, frame.samples))
        if frame.end is not None:
            del self._spoken[frame.stream]
            session.work.note_end(frame.end)
            session.put(Piece(session.work, None, silence=session.pause))
            session.stream = None
            self._touched[session] = None
        elif not frame.stream.paused and session.audio.wants_pause(False):
            self._touched[session] = None
