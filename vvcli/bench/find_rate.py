"""Looks for the highest rate that holds, whatever is measured."""

from __future__ import annotations

from collections.abc import Callable

CLOSE = 1.1  # ratio of a rate that does not hold to one that does
SMALLEST = 1 / 32  # of the start

# A trial that cannot hold any more is broken off: more than this share of its sessions waited too
# long, or one has waited so long that the queue only grows.
TOLERATED = 0.01
HOPELESS = 1.0  # seconds

LONGEST_TAIL = 30.0  # seconds to wait for the last audio of the sessions that are measured

# A trial may be stretched by this much to see ENOUGH arrivals.
LONGEST_STRETCH = 4
ENOUGH = 20


class OutOfTimeError(Exception):
    """The time limit came while a rate was tried."""


def stretched(duration: float, rate: float) -> float:
    """Seconds in which ENOUGH sessions arrive, from `duration` to LONGEST_STRETCH times that."""
    return min(max(duration, ENOUGH / rate), LONGEST_STRETCH * duration)


def find_rate(holds: Callable[[float], bool], guess: float) -> float | None:
    """The highest rate that holds, to within CLOSE: by doubling or halving, then by bisection.

    None if not even SMALLEST of the guess does.
    """
    low, high, rate = None, None, guess
    while low is None or high is None:
        if holds(rate):
            low, rate = rate, 2 * rate
        else:
            high, rate = rate, rate / 2
            if low is None and rate < guess * SMALLEST:
                return None
    while high / low > CLOSE:
        middle = (low * high) ** 0.5
        if holds(middle):
            low = middle
        else:
            high = middle
    return low
