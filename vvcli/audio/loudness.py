"""Loudness and true peak of a whole file, measured while its samples come.

Integrated loudness by ITU-R BS.1770-5: K-weighting, blocks of 400 ms that overlap by three
quarters, those below -70 LUFS left out, and then those 10 LU below the mean of the rest. The true
peak is that of eight times as many samples (Annex 2 asks for four times 48 kHz).
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vvcli.audio.levels import MAX_TRUE_PEAK
from vvcli.audio.resample import Resampler
from vvcli.samples import FULL_SCALE, Samples

PEAK_MARGIN = 0.1  # dB, from one oversampling filter to another

OVERSAMPLING = 8
HOPS_PER_SECOND, HOPS_PER_BLOCK = 10, 4
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0
_OFFSET = -0.691  # dB, so that a 997 Hz sine of full scale is at -3.01 LUFS

# Frequency in Hz, Q and gain in dB of the two filters of K-weighting, of which the standard gives
# the coefficients at 48 kHz alone. From libebur128.
_SHELF = (1681.974450955533, 0.7071752369554196, 3.999843853973347)
_SHELF_EXPONENT = 0.4996667741545416
_HIGH_PASS = (38.13547087602444, 0.5003270373238773)
_RESPONSE = 0.1  # seconds, after which nothing is left of the response to an impulse


@dataclass(frozen=True)
class Loudness:
    """What a file was measured to be."""

    lufs: float  # integrated; -inf where nothing is above the absolute gate
    true_peak: float  # dBFS; -inf of silence

    def gain(self, target: float) -> float:
        """The gain in dB that brings it to `target` LUFS; 0 where it is silent.

        Lower where the true peak would be above `MAX_TRUE_PEAK`.
        """
        if self.lufs == -math.inf:
            return 0.0
        return min(target - self.lufs, MAX_TRUE_PEAK - PEAK_MARGIN - self.true_peak)


class LoudnessMeter:
    """Measures mono samples at `rate` Hz; eight bytes are kept for a tenth of a second."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        response = _k_weighting(rate)
        self._overlap = len(response) - 1
        size = 1 << (8 * len(response)).bit_length()
        self._spectrum = np.fft.rfft(response, size)
        self._size = size
        self._waiting = np.zeros(self._overlap)  # and before the first sample, silence
        self._received = 0  # samples
        self._weighted = 0
        self._energies = array("d")  # of hops, the last of which is not over
        self._oversampler = Resampler(rate, OVERSAMPLING * rate)
        self._peak = 0.0

    def add(self, samples: Samples) -> None:
        """Take in `samples` [n]."""
        floats = samples.astype(np.float32)
        if samples.dtype == np.int16:
            floats /= FULL_SCALE
        self._received += len(floats)
        self._note_peak(floats)
        self._note_peak(self._oversampler.resample(floats))
        self._waiting = np.concatenate([self._waiting, floats])
        while len(self._waiting) >= self._size:
            self._weigh(self._waiting[: self._size], self._size - self._overlap)
            self._waiting = self._waiting[self._size - self._overlap :]

    def finish(self) -> Loudness:
        """The loudness of all samples."""
        self._note_peak(self._oversampler.finish())
        left = len(self._waiting) - self._overlap
        self._weigh(np.pad(self._waiting, (0, self._size - len(self._waiting))), left)
        peak = 20 * math.log10(self._peak) if self._peak else -math.inf
        return Loudness(_gated(self._block_powers()), peak)

    def _note_peak(self, samples: Samples) -> None:
        if len(samples):
            self._peak = max(self._peak, float(np.abs(samples).max()))

    def _weigh(self, samples: NDArray[np.float64], count: int) -> None:
        """Add the energies of `count` samples; `samples` begins with those before them."""
        spectrum = np.fft.rfft(samples) * self._spectrum
        weighted = np.fft.irfft(spectrum, self._size)[self._overlap : self._overlap + count]
        squares = weighted * weighted
        start = 0
        while start < count:
            hop = len(self._energies)
            if not hop or self._weighted >= self._hop_end(hop - 1):
                self._energies.append(0.0)
                hop += 1
            end = min(count, start + self._hop_end(hop - 1) - self._weighted)
            self._energies[-1] += float(squares[start:end].sum())
            self._weighted += end - start
            start = end

    def _hop_end(self, hop: int) -> int:
        return round((hop + 1) * self._rate / HOPS_PER_SECOND)

    def _block_powers(self) -> NDArray[np.float64]:
        """Mean squares of whole blocks; of all, where there is less than one."""
        energies = np.array(self._energies)
        ends = np.array([self._hop_end(hop) for hop in range(len(energies))])
        energies = energies[ends <= self._received] if len(ends) else energies
        if len(energies) < HOPS_PER_BLOCK:
            return np.array([sum(self._energies) / max(1, self._received)])
        sums = np.convolve(energies, np.ones(HOPS_PER_BLOCK), "valid")
        return sums / (self._rate * HOPS_PER_BLOCK / HOPS_PER_SECOND)


def _gated(powers: NDArray[np.float64]) -> float:
    heard = powers[_lufs(powers) > ABSOLUTE_GATE]
    if not len(heard):
        return -math.inf
    gate = float(_lufs(heard.mean())) + RELATIVE_GATE
    return float(_lufs(heard[_lufs(heard) > gate].mean()))


def _lufs(power: NDArray[np.float64] | np.floating) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        result: NDArray[np.float64] = _OFFSET + 10 * np.log10(power)
    return result


@cache
def _k_weighting(rate: int) -> NDArray[np.float64]:
    """The filter's response to an impulse: convolved by FFT, where numpy has no recursion."""
    impulse = [1.0] + [0.0] * round(_RESPONSE * rate)
    frequency, q, gain = _SHELF
    if frequency < rate / 2:  # below, nothing of the shelf is in the band
        k = math.tan(math.pi * frequency / rate)
        high = 10 ** (gain / 20)
        band = high**_SHELF_EXPONENT
        feed = (high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k)
        impulse = _filtered(impulse, feed, k, q, 1 + k / q + k * k)
    frequency, q = _HIGH_PASS
    k = math.tan(math.pi * frequency / rate)
    return np.array(_filtered(impulse, (1.0, -2.0, 1.0), k, q, 1.0))


def _filtered(
    samples: list[float], feed: tuple[float, float, float], k: float, q: float, scale: float
) -> list[float]:
    """A biquad of the bilinear transform; `feed` is divided by `scale`."""
    b0, b1, b2 = (each / scale for each in feed)
    divisor = 1 + k / q + k * k
    a1, a2 = 2 * (k * k - 1) / divisor, (1 - k / q + k * k) / divisor
    x1 = x2 = y1 = y2 = 0.0
    result = []
    for x in samples:
        y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
        x2, x1, y2, y1 = x1, x, y1, y
        result.append(y)
    return result
