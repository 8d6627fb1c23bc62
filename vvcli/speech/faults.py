"""Says whether speech is broken, by its length, level and samples alone.

A model of speech now and then speaks on after its text, stops in the middle, falls silent or
shouts. The measure, for the speech of one text of n tokens by a model that takes at most about r
frames a token (`ModelConfig.frames_per_token`):

- not finite: a sample is NaN or infinite, or the engine has ended it as broken;
- silent: no 20 ms of it are above -50 dBFS, or over 2.5 s on end are below;
- runs on: longer than 1.25 r n frames and 1.5 s;
- cut short: shorter than 0.35 r n frames, or its last 20 ms are within 6 dB of its loudest, or the
  model's context was full before the text was spoken;
- clipped: more than one sample in a thousand is at full scale or beyond.

Sound speech of the embedded model has 0.6 r n frames and half a second, ends in 120 ms or more of
quiet, and pauses for at most half a second. Pauses that are asked for are no part of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from vvcli.engine.stream import End
from vvcli.samples import FULL_SCALE, SAMPLE_RATE, Samples

MAX_RATE, MAX_EXTRA = 1.25, 1.5  # of the tokens' frames; seconds besides
MIN_RATE = 0.35
MAX_CLIPPED = 1e-3  # of the samples

WINDOW = SAMPLE_RATE // 50
QUIET = 10 ** (-50 / 20)  # of full scale, RMS
MAX_QUIET = 2.5  # seconds
LOUD_END = 0.5  # of the loudest window


class Fault(Enum):
    """A way in which speech is broken, from bad to worse."""

    CLIPPED = "is clipped"
    RUNS_ON = "runs on beyond its text"
    CUT_SHORT = "is cut short"
    SILENT = "is silent"
    NOT_FINITE = "is not finite"


_ORDER = list(Fault)


@dataclass(frozen=True)
class Verdict:
    """The worst fault of some speech, None where it is sound, and how bad it is all in all."""

    fault: Fault | None
    badness: float


def expected_samples(tokens: int, frames_per_token: float, hop: int) -> tuple[float, float]:
    """The fewest and the most samples that a text of so many tokens can take.

    `hop` is the samples of a frame.
    """
    frames = tokens * frames_per_token
    return MIN_RATE * frames * hop, MAX_RATE * frames * hop + MAX_EXTRA * SAMPLE_RATE


def judge(samples: Samples, end: End, least: float, longest: float) -> Verdict:
    """The verdict on `samples` [n], which ended so, for a text of this expected length."""
    floats = samples.astype(np.float32)
    if samples.dtype == np.int16:
        floats /= FULL_SCALE
    if end is End.BROKEN or not np.isfinite(floats).all():
        return Verdict(Fault.NOT_FINITE, math.inf)
    found: dict[Fault, float] = {}
    levels = _levels(floats)
    quiet = _longest_run(levels < QUIET) * WINDOW / SAMPLE_RATE
    if not (levels >= QUIET).any():
        found[Fault.SILENT] = 100.0
    elif quiet > MAX_QUIET:
        found[Fault.SILENT] = quiet / MAX_QUIET
    if len(floats) < least:
        found[Fault.CUT_SHORT] = least / max(1, len(floats))
    elif end is End.TRUNCATED or _ends_loud(levels):
        found[Fault.CUT_SHORT] = 1.0
    if len(floats) > longest:
        found[Fault.RUNS_ON] = len(floats) / longest
    clipped = float(np.mean(np.abs(floats) >= 1)) if len(floats) else 0.0
    if clipped > MAX_CLIPPED:
        found[Fault.CLIPPED] = clipped / MAX_CLIPPED / 100
    if not found:
        return Verdict(None, 0.0)
    worst = max(found, key=_ORDER.index)
    # How bad it is in each respect counts only among those with the same worst fault.
    return Verdict(worst, 1000 * _ORDER.index(worst) + sum(found.values()))


def _levels(samples: Samples) -> Samples:
    """The RMS of each window; the last one may reach back into the one before."""
    if len(samples) < WINDOW:
        return np.sqrt(np.mean(samples**2, keepdims=True)) if len(samples) else samples
    whole = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)
    levels = np.append(np.mean(whole**2, axis=1), np.mean(samples[-WINDOW:] ** 2))
    root: Samples = np.sqrt(levels)
    return root


def _ends_loud(levels: Samples) -> bool:
    return bool(len(levels)) and levels[-1] > max(QUIET, LOUD_END * float(levels.max()))


def _longest_run(flags: NDArray[np.bool_]) -> int:
    """The most true values on end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))
