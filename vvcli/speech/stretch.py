"""Faster or slower speech of the same pitch, while it comes.

WSOLA: the output is pieces of the input laid over one another at an even distance, each taken from
where it looks most like the continuation of the one before (Verhelst and Roelands, "An overlap-add
technique based on waveform similarity (WSOLA) for high quality time-scale modification of speech",
ICASSP 1993). It is looked for one step after the piece before, not at its own place in time: that
is met again slowly, within MAX_DRIFT. Pieces pulled to their places jump by a period at every few,
which is heard, and costs a quarter of a point of DistilMOS.

No kept library does this for a stream. Signalsmith's stretcher can, but its binding (python-stretch
0.3.1) starts anew with every call; it also takes as long, and DistilMOS likes its speech less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vvcli.samples import FULL_SCALE, SAMPLE_RATE, Samples

HOP = 512  # samples of output that a piece adds, 21 ms; pieces are two of it
TOLERANCE = 512  # samples on both sides of one step on, in which the next piece is looked for
MAX_DRIFT = SAMPLE_RATE * 40 // 1000  # samples between one step on and the place in time
STRIDE = 4  # of the first, coarse comparison

# Bounds the integers below, so that sums of their products are exact in float64.
MAX_COMPARED = 1 << 17

# Of the offsets from -TOLERANCE to TOLERANCE: what is one step on is worth the most.
_NEARNESS = 1 - np.arange(-TOLERANCE, TOLERANCE + 1) ** 2 / (TOLERANCE + 1) ** 2

_FADE_IN = (0.5 - 0.5 * np.cos(np.pi * (np.arange(HOP) + 0.5) / HOP)).astype(np.float32)


class Stretcher:
    """One stretch of speech at `speed` times its own.

    Of n samples come round(n / speed). The result depends on the samples alone, not on how they
    are cut nor on the machine: pieces are compared in integers, whose sums no order of adding
    changes. Samples stay within the range of the input.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._received = 0
        self._made = 0
        self._pieces = 0
        self._place = 0  # of the last piece in the input
        self._start = 0  # of `_input` in the input
        self._input = np.zeros(0, np.float32)
        self._dtype: np.dtype[np.float32 | np.int16] = np.dtype(np.float32)  # of what came

    def stretch(self, samples: Samples) -> Samples:
        """The output that `samples` [n] complete, of their type; some is held back."""
        self._dtype = samples.dtype
        self._received += len(samples)
        self._input = np.concatenate([self._input, samples.astype(np.float32)])
        return self._make()

    def finish(self) -> Samples:
        """The rest; nothing may follow."""
        left = round(self._received / self._speed) - self._made
        pieces = self._pieces + 1 + max(left, 0) // HOP
        after = max(self._due(pieces) + MAX_DRIFT, self._place) + TOLERANCE + 2 * HOP
        self._input = np.pad(self._input, (0, max(0, self._start + after - self._end)))
        return self._make()[: max(left, 0)]

    def _make(self) -> Samples:
        """All pieces that the input has."""
        pieces = [np.zeros(0, np.float32)]
        while self._end >= self._needed():
            pieces.append(self._next())
        made = np.concatenate(pieces)
        self._made += len(made)
        # A place may be before the last one; no later piece is looked for before this.
        earliest = self._due(self._pieces) - MAX_DRIFT - TOLERANCE
        unused = min(self._place + HOP, earliest) - self._start
        if unused > 0:
            self._input = self._input[unused:]
            self._start += unused
        return made if self._dtype == np.float32 else np.rint(made).astype(self._dtype)

    @property
    def _end(self) -> int:
        """Samples of the input that are there."""
        return self._start + len(self._input)

    def _due(self, piece: int) -> int:
        """The place of a piece in time."""
        return round(piece * HOP * self._speed)

    def _needed(self) -> int:
        """The end of the input that the next piece is chosen from, and never more is made of."""
        compared = max(self._expected() + TOLERANCE, self._place + HOP) + HOP
        return max(compared, self._due(self._pieces + 1))

    def _expected(self) -> int:
        """The middle of where the next piece is looked for."""
        due = self._due(self._pieces)
        on = self._place + due - self._due(self._pieces - 1)
        return min(max(on, due - MAX_DRIFT), due + MAX_DRIFT)

    def _next(self) -> NDArray[np.float32]:
        """HOP samples: the last piece goes over into the next one."""
        if self._pieces == 0:
            self._pieces = 1
            return self._at(0, HOP)
        last = self._place + HOP
        self._place = self._find(last, self._expected())
        self._pieces += 1
        return self._at(last, HOP) * (1 - _FADE_IN) + self._at(self._place, HOP) * _FADE_IN

    def _find(self, like: int, expected: int) -> int:
        """The place near `expected` where the input is most like it is from `like` on."""
        first, last = max(0, expected - TOLERANCE), expected + TOLERANCE
        target = self._integers(like, HOP)
        field = self._integers(first, last - first + HOP)
        near_expected = _NEARNESS[first - last - 1 :]
        coarse = _likeness(field[::STRIDE], target[::STRIDE], near_expected[::STRIDE])
        if coarse.max() <= 0:  # silence, most of the time: back to its place
            return min(max(self._due(self._pieces), first), last)
        near = STRIDE * int(np.argmax(coarse))
        low, high = max(0, near - STRIDE + 1), min(last - first, near + STRIDE - 1)
        fine = _likeness(field[low : high + HOP], target, near_expected[low : high + 1])
        return first + low + int(np.argmax(fine))

    def _at(self, place: int, length: int) -> NDArray[np.float32]:
        return self._input[place - self._start : place - self._start + length]

    def _integers(self, place: int, length: int) -> NDArray[np.float64]:
        scale = FULL_SCALE if self._dtype == np.float32 else 1
        samples = np.rint(self._at(place, length).astype(np.float64) * scale)
        return samples.clip(-MAX_COMPARED, MAX_COMPARED)


def _likeness(
    field: NDArray[np.float64], target: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The cosine of `target` [n] to `field` at each of the first m offsets, times `weights` [m]."""
    squares = np.concatenate([[0.0], np.cumsum(field * field)])
    energy = squares[len(target) :] - squares[: len(squares) - len(target)]
    cosines = (np.correlate(field, target) / np.sqrt(energy + 1))[: len(weights)]
    # What is unlike does not become less so by being far away.
    return np.where(cosines > 0, cosines * weights, cosines)
