"""Looks for the highest rate of sessions that an engine holds."""

from __future__ import annotations

import time
from collections.abc import Callable

from vvcli.bench.find_rate import CLOSE, OutOfTimeError, find_rate
from vvcli.bench.load import LoadTest, Trial
from vvcli.bench.streams import StreamMaker, fill, stop
from vvcli.engine.engine import Engine

STEPS = 10  # to estimate the capacity by
# Of the estimated capacity, to start from: half of it holds on most machines and all of it on none,
# so that two trials bracket the rate.
FIRST = 1 / 2
RETRIES = 6  # of the last, long trial, each at a lower rate


def estimate_capacity(engine: Engine, maker: StreamMaker, longest: str, frames: float) -> float:
    """Sessions of `frames` frames a second if every step were full, from the time of a frame."""
    slots = engine.state.slots
    running = fill(engine, maker, [longest] * slots)
    made, start = 0, time.perf_counter()
    for _ in range(STEPS):
        made += len(engine.step())
    seconds = time.perf_counter() - start
    stop(engine, running)
    return max(made, 1) / seconds / frames


def search(
    test: LoadTest, capacity: float, duration: float, tell: Callable[[Trial], None]
) -> Trial | None:
    """The trial at the highest rate that holds, measured once as many sessions end as begin.

    The trials before it are half as long, and start when the engine's load is steady; `tell` gets
    every one. If no rate near the one that was found holds in a long trial, or the test's deadline
    comes first, it is the best of the short ones; None if not even one of these held.
    """
    held: list[Trial] = []

    def try_rate(rate: float, duration: float, ramp: float | None = None) -> Trial:
        trial = test.try_rate(rate, duration, ramp=ramp, give_up=True)
        tell(trial)
        if trial.timed_out:
            raise OutOfTimeError
        return trial

    def holds(rate: float) -> bool:
        trial = try_rate(rate, duration / 2)
        held.extend([trial] if trial.holds else [])
        return trial.holds

    try:
        rate = find_rate(holds, capacity * FIRST)
        for _ in range(RETRIES if rate else 0):
            assert rate is not None  # noqa: S101 - for mypy
            trial = try_rate(rate, duration, test.longest_playback)
            if trial.holds:
                return trial
            rate /= CLOSE
    except OutOfTimeError:
        pass
    return max(held, key=lambda trial: trial.rate, default=None)
