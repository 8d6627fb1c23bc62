"""Listeners, and when each of them hears a frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ROUNDING = 1e-9  # seconds


@dataclass
class Session:
    """One record on its way to a listener, who hears it from its first frame on.

    Times are in seconds of one clock. A frame lasts `frame_s`; playback stands still for nobody,
    so a frame that comes after its turn is an underrun.
    """

    arrival: float
    frames: int  # of the whole record
    frame_s: float
    first: float | None = None  # when its first frame was there
    last: float = 0.0
    delivered: int = 0  # frames
    worst_gap: float = 0.0  # between two frames
    worst_lateness: float = 0.0  # of a frame against its turn; zero is that of the first one

    def deliver(self, now: float, frames: int = 1) -> None:
        """So many frames are there."""
        if self.first is None:
            self.first = now
        else:
            self.worst_gap = max(self.worst_gap, now - self.last)
            turn = self.first + self.delivered * self.frame_s
            self.worst_lateness = max(self.worst_lateness, now - turn)
        self.last = now
        self.delivered += frames

    @property
    def done(self) -> bool:
        """Whether all frames are there."""
        return self.delivered == self.frames

    @property
    def underran(self) -> bool:
        """Whether a frame came after its turn."""
        return self.worst_lateness > ROUNDING

    def waited(self, now: float) -> float:
        """Time to first audio; where there is none, so far."""
        return (now if self.first is None else self.first) - self.arrival


def held(sessions: Iterable[Session], start: float, end: float) -> tuple[float, int]:
    """Counts the sessions that play between `start` and `end`: mean over time, and maximum.

    A session plays from its first frame for as long as its record is.
    """
    total = 0.0
    changes = []
    for session in sessions:
        if session.first is None:
            continue
        begins = max(session.first, start)
        ends = min(session.first + session.frames * session.frame_s, end)
        if begins < ends:
            total += ends - begins
            changes += [(begins, 1), (ends, -1)]
    now = maximum = 0
    for _, change in sorted(changes):
        now += change
        maximum = max(maximum, now)
    return total / (end - start), maximum
