"""Where speech can be cut, or repeated, with the least to be heard.

A splice leaves out, or says twice, what lies between two places that look alike: in a vowel whole
periods of its pitch, where it is steady. (Neuburg, "Simple pitch-dependent algorithm for
high-quality speech rate changing", JASA 63, 1978; Morita and Itakura's PICOLA, 1986.) Which one,
and when, is a trade of what it costs for what it gains, as in Covell, Withgott and Slaney, "Mach1:
nonuniform time-scale modification of speech", ICASSP 1998: pauses and steady vowels give way, and
transients are let through, as in speech that is spoken fast.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

FADE = 360  # samples in which one place goes over into the other: 15 ms
MAX_LAG = 720  # samples between the two
LOOK = 720  # samples in which the best splice is looked for
STRIDE = 4  # of the first, coarse comparison
MIN_LAG = 64

# Samples that `find` looks at, from the first place on.
NEEDED = LOOK + MAX_LAG + FADE + STRIDE

# Bounds the integers below, so that sums of their products are exact in float64.
MAX_COMPARED = 1 << 16

_QUIET = 33.0  # samples below this, of int16, are silence: all of it is alike
_EMPHASIS = (8, 7)  # of the difference between neighbours, to level the spectrum of speech

# How much of a difference, from 0 to 1, a splice may have for each sample that it moves, by how far
# the speech is behind its time, in samples at 24 kHz.
_BEHIND = np.array([-480.0, -240.0, 2880.0, 5760.0])
_WORTH = np.array([-5.0, 0.1, 0.9, 1.5]) / FADE


class Terms(NamedTuple):
    """What splices are weighed by, at one speed: see `terms_at`."""

    rate: float  # samples that are moved, for each of the input
    lags: NDArray[np.float64]  # that are tried
    hurry: float  # times which it counts to be behind


def terms_at(speed: float) -> Terms:
    """Short lags and little patience where speech is repeated: steady vowels stutter and drawl."""
    rate = abs(1 / speed - 1) if speed < 1 else 1 - 1 / speed
    longest = MAX_LAG if speed > 1 else min(MAX_LAG, 180 + 540 * rate)
    lags = np.arange(MIN_LAG, longest + 1, STRIDE).astype(np.float64)
    return Terms(rate, lags, 1.0 if speed > 1 else 3.0)


class Splice(NamedTuple):
    """A place and the samples after it at which it looks like that."""

    place: int
    lag: int


def find(samples: NDArray[np.float64], behind: float, terms: Terms) -> Splice | None:
    """The splice that is worth most of those that begin within `LOOK` samples, if one is any.

    `samples` are integers up to `MAX_COMPARED`: STRIDE that come before the first place, and
    `NEEDED`. `behind` are the samples that are still to be moved at the first place.
    """
    lags = terms.lags
    sums = samples.reshape(-1, STRIDE).sum(1)
    coarse = _EMPHASIS[0] * sums[1:] - _EMPHASIS[1] * sums[:-1]
    width, places, first = FADE // STRIDE, LOOK // STRIDE, MIN_LAG // STRIDE
    span = places + width - 1
    later = sliding_window_view(coarse[first:], span)[: len(lags)]  # [lags, span]
    alike = _window_sums(coarse[:span] * later, width)  # [lags, places]
    energy = _window_sums(coarse * coarse, width)
    energies = energy[:places] + sliding_window_view(energy[first:], places)[: len(lags)]
    silence = 2 * width * (STRIDE * _QUIET) ** 2
    cost = (energies - 2 * alike) / (energies + silence)
    worth = _worth(terms.hurry * (behind - 0.5 * lags))[:, None]
    # On the way to a later place more falls behind.
    waits = 0.5 * terms.rate * STRIDE * np.arange(places)
    gain = worth * (lags[:, None] - waits) - cost
    best = int(np.argmax(gain))
    row, column = divmod(best, places)
    if gain[row, column] <= 0:
        return None
    place = column * STRIDE
    return Splice(place, _refined(samples[STRIDE + place :], int(lags[row])))


def _worth(behind: NDArray[np.float64]) -> NDArray[np.float64]:
    """By `_WORTH`, in operations that are the same on every machine."""
    result = np.full(behind.shape, _WORTH[0])
    for i in range(len(_BEHIND) - 1):
        slope = (_WORTH[i + 1] - _WORTH[i]) / (_BEHIND[i + 1] - _BEHIND[i])
        result += slope * (np.clip(behind, _BEHIND[i], _BEHIND[i + 1]) - _BEHIND[i])
    return result


def _refined(samples: NDArray[np.float64], lag: int) -> int:
    """The lag near `lag` at which the samples are most alike."""
    low = max(1, lag - STRIDE + 1)
    near = samples[low : lag + STRIDE - 1 + FADE]
    energy = _window_sums(near * near, FADE)
    count = lag + STRIDE - low
    alike = np.correlate(near, samples[:FADE])[:count]
    return low + int(np.argmax(alike / np.sqrt(energy[:count] + 1)))


def _window_sums(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Sums of each `width` values on the last axis, of integers, in any order the same."""
    sums = np.cumsum(values, axis=-1)
    result = sums[..., width - 1 :].copy()
    result[..., 1:] -= sums[..., :-width]
    return result
