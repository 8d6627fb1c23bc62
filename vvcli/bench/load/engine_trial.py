"""One trial of a load test while it runs: ramp, measurement, and the sessions' last frames."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator

from vvcli.bench.load.sessions import Session
from vvcli.bench.load.trial import LONGEST_TAIL, Patience
from vvcli.bench.streams import stop
from vvcli.engine.engine import Engine
from vvcli.engine.stream import Stream

FIRST_FEW = 4  # sessions, at least, whose end shows that the engine's load is steady

IDLE_SLEEP = 0.002  # seconds at most, while nobody is there


class TrialRun:
    """Submits sessions as they arrive, and notes when their frames come.

    Times are in seconds from the start, but for `deadline`.

    Args:
        engine: idle.
        arrivals: sessions without end, in the order of their arrival, with their streams.
        rate: sessions a second; the first ones are those of a second.
        duration: of the measurement.
        ramp: seconds before it; by default it lasts until the first sessions are made.
        longest_ramp: the most it may last then.
        limit: time to first audio in seconds beyond which a session has waited too long; when it
            is infinite nothing is broken off.
        deadline: of `time.perf_counter`, when the trial is over in any case.
    """

    def __init__(
        self,
        engine: Engine,
        arrivals: Iterator[tuple[Stream, Session]],
        *,
        rate: float,
        duration: float,
        ramp: float | None,
        longest_ramp: float,
        limit: float,
        deadline: float,
    ) -> None:
        self.now = 0.0
        self.sessions: list[Session] = []
        self.frames = 0  # made in the measurement
        self.generating = 0.0  # streams in slots times seconds, in the measurement
        self.timed_out = False
        self._engine = engine
        self._arrivals = arrivals
        self._duration = duration
        self._ramp_end = longest_ramp if ramp is None else ramp
        self._first_few = max(FIRST_FEW, round(rate)) if ramp is None else None
        self._deadline = deadline
        self._patience = Patience(limit, rate * duration)
        self._start: float | None = None  # of the measurement
        self._active: dict[Stream, Session] = {}
        self._unheard: deque[Session] = deque()  # by arrival
        self._unfinished = 0  # measured sessions

    @property
    def broken_off(self) -> bool:
        """Whether it could not hold any more."""
        return self._patience.is_lost

    @property
    def window(self) -> tuple[float, float]:
        """Start and end of the measurement; all of the trial if it did not come to one."""
        if self._start is None:
            return 0.0, max(self.now, 1e-9)
        return self._start, max(min(self.now, self._start + self._duration), self._start + 1e-9)

    def go(self) -> None:
        """From the first arrival to the last frame of the sessions that are measured."""
        begin = time.perf_counter()
        stream, session = next(self._arrivals)
        while not self._over():
            while session.arrival <= self.now:
                self._arrive(stream, session)
                stream, session = next(self._arrivals)
            frames = []
            if self._engine.busy:
                frames = self._engine.step()
            else:
                time.sleep(min(max(0.0, session.arrival - self.now), IDLE_SLEEP))
            before, self.now = self.now, time.perf_counter() - begin
            self.timed_out = begin + self.now >= self._deadline
            for frame in frames:
                self._deliver(self._active[frame.stream])
                if frame.end is not None:
                    del self._active[frame.stream]
            self._watch(len(frames), self.now - before)
        stop(self._engine, list(self._active))

    def _arrive(self, stream: Stream, session: Session) -> None:
        self._engine.submit(stream)
        self._active[stream] = session
        self.sessions.append(session)
        self._unheard.append(session)
        self._unfinished += self._is_measured(session)

    def _deliver(self, session: Session) -> None:
        session.deliver(self.now)
        if self._is_measured(session):
            self._unfinished -= session.done
            if session.delivered == 1:
                self._patience.note_first(session.waited(self.now))
            if session.underran:
                self._patience.note_loss()

    def _is_measured(self, session: Session) -> bool:
        start = self._start
        return start is not None and start <= session.arrival < start + self._duration

    def _watch(self, frames: int, seconds: float) -> None:
        """Count what a step of so many `seconds` made, and see where the trial stands."""
        if self._start is None:
            few = self._first_few
            settled = few is not None and (
                len(self.sessions) >= few and all(s.done for s in self.sessions[:few])
            )
            if settled or self.now >= self._ramp_end:
                self._start = self.now
        elif self.now < self._start + self._duration:
            self.frames += frames
            self.generating += self._engine.running * seconds
        while self._unheard and self._unheard[0].first is not None:
            self._unheard.popleft()
        if self._unheard:
            self._patience.note_wait(self._unheard[0].waited(self.now))

    def _over(self) -> bool:
        if self.broken_off or self.timed_out:
            return True
        if self._start is None:
            return False
        end = self._start + self._duration
        return self.now >= end and (not self._unfinished or self.now >= end + LONGEST_TAIL)
