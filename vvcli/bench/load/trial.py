"""A trial at one rate, whoever answers: who arrives when, when it is broken off, what it found."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np  # the command line reads these names, and imports no numpy

# A trial that cannot hold any more is broken off: more than this share of its sessions waited too
# long, or one has waited so long that the queue only grows.
TOLERATED = 0.01
HOPELESS = 1.0  # seconds

LONGEST_TAIL = 30.0  # seconds to wait for the last audio of the sessions that are measured

# A trial may be stretched by this much to see ENOUGH arrivals.
LONGEST_STRETCH = 4
ENOUGH = 20


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Measurements at one rate, of the sessions that arrived meanwhile."""

    rate: float  # sessions a second
    sessions: int
    worst_lateness_ms: float  # of audio against its playback; zero if none came late
    underrun_share: float  # of the sessions
    held_mean: float  # sessions that play at the same time
    held_most: int
    audio_s_per_s: float
    ramp_s: float
    measured_s: float
    broken_off: bool  # it could not hold any more
    timed_out: bool  # the time limit came first
    holds: bool


def arrivals(
    rate: float, texts: Sequence[str], generator: np.random.Generator
) -> Iterator[tuple[float, str]]:
    """Seconds from the start, without end, as a Poisson process, each with one of `texts`."""
    arrival = 0.0
    while True:
        arrival += generator.exponential(1 / rate)
        yield arrival, texts[int(generator.integers(len(texts)))]


def stretched(duration: float, rate: float) -> float:
    """Seconds in which ENOUGH sessions arrive, from `duration` to LONGEST_STRETCH times that."""
    return min(max(duration, ENOUGH / rate), LONGEST_STRETCH * duration)


class Patience:
    """Says when a trial cannot hold any more.

    Args:
        limit: seconds to first audio beyond which a session has waited too long; when it is
            infinite nothing is broken off.
        sessions: that are measured, as many as are expected.
    """

    def __init__(self, limit: float, sessions: float) -> None:
        self.is_lost = False
        self._limit = limit
        self._tolerated = TOLERATED * sessions + 1
        self._too_late = 0

    def note_first(self, waited: float) -> None:
        """A session that is measured has its first audio, after so many seconds."""
        self._too_late += waited > self._limit
        self.is_lost |= self._too_late > self._tolerated

    def note_loss(self) -> None:
        """A session that is measured has underrun, or was not answered."""
        self.is_lost |= math.isfinite(self._limit)

    def note_wait(self, longest: float) -> None:
        """Somebody has waited so many seconds, and hears nothing yet."""
        self.is_lost |= longest > max(HOPELESS, 5 * self._limit)
