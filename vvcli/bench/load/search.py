"""Looks for the highest rate that holds, whatever is measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from vvcli.bench.load.trial import Trial

CLOSE = 1.1  # ratio of a rate that does not hold to one that does
SMALLEST = 1 / 32  # of the start
RETRIES = 6  # of the last, long trial, each at a lower rate

Seen = TypeVar("Seen", bound=Trial)
SeenAtLast = TypeVar("SeenAtLast", bound=Trial, covariant=True)


class LoadTest(Protocol[SeenAtLast]):
    """An engine or a server under sessions that arrive at random."""

    def try_rate(
        self, rate: float, duration: float, *, is_quick: bool = False, give_up: bool = False
    ) -> SeenAtLast:
        """Let `rate` sessions a second arrive, and measure those of `duration` seconds.

        As many are to play by then as will; if it `is_quick`, it is enough that the load is about
        steady. With `give_up`, a rate that cannot hold any more is broken off.
        """


class OutOfTimeError(Exception):
    """The time limit came while a rate was tried."""


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


def search(
    test: LoadTest[Seen], guess: float, duration: float, tell: Callable[[Seen], None]
) -> Seen | None:
    """The trial at the highest rate that holds, first looked for in quick trials half as long.

    `tell` gets every trial. If no rate near the one that was found holds in a long trial, or the
    time limit comes first, it is the best of the quick ones; None if not even one of these held.
    """
    held: list[Seen] = []

    def attempt(rate: float, duration: float, *, is_quick: bool) -> Seen:
        trial = test.try_rate(rate, duration, is_quick=is_quick, give_up=True)
        tell(trial)
        if trial.timed_out:
            raise OutOfTimeError
        return trial

    def holds(rate: float) -> bool:
        trial = attempt(rate, duration / 2, is_quick=True)
        held.extend([trial] if trial.holds else [])
        return trial.holds

    try:
        rate = find_rate(holds, guess)
        for _ in range(RETRIES if rate else 0):
            assert rate is not None  # noqa: S101 - for mypy
            trial = attempt(rate, duration, is_quick=False)
            if trial.holds:
                return trial
            rate /= CLOSE
    except OutOfTimeError:
        pass
    return max(held, key=lambda trial: trial.rate, default=None)
