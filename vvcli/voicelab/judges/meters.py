"""Measures of recordings at 24 kHz that need no model: pitch, brightness, edges."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from vvcli.voicelab.settings import RATE

Samples = NDArray[np.float32]

LOWEST, HIGHEST = 60, 400  # Hz
_WINDOW, _HOP = 960, 240  # 40 ms and 10 ms
_VOICED = 0.55
_EDGE = RATE * 30 // 1000


def pitches(samples: Samples) -> NDArray[np.float64]:
    """F0 in semitones over 100 Hz of the voiced frames, by normalised autocorrelation.

    Frames quieter than a hundredth of the loudest's power are left out.
    """
    x = torch.from_numpy(samples).double()
    if len(x) < _WINDOW:
        return np.zeros(0)
    frames = x.unfold(0, _WINDOW, _HOP)
    frames = frames - frames.mean(1, keepdim=True)
    power = frames.square().mean(1)
    frames = frames[power > 0.01 * power.max()] * torch.hann_window(_WINDOW, dtype=x.dtype)
    window = torch.hann_window(_WINDOW, dtype=x.dtype)
    both = torch.cat([frames, window[None]])
    spectrum = torch.fft.rfft(both, 2 * _WINDOW)
    correlation = torch.fft.irfft(spectrum.abs().square())[:, : RATE // LOWEST + 2]
    # The window's own autocorrelation is divided out (Boersma, 1993).
    correlation = correlation / correlation[:, :1]
    correlation = correlation[:-1] / correlation[-1]
    shortest = RATE // HIGHEST
    # Of peaks that are nearly as high, the shortest period is the pitch.
    lags = torch.arange(shortest, correlation.shape[1])
    weighed = correlation[:, shortest:] - 0.05 * torch.log2(lags / shortest)
    best = weighed.argmax(1) + shortest
    strength = correlation.gather(1, best[:, None])[:, 0]
    f0 = RATE / best[strength > _VOICED]
    found: NDArray[np.float64] = (12 * torch.log2(f0 / 100)).numpy()
    return found


def spread(semitones: NDArray[np.float64]) -> float:
    """The standard deviation of pitch, from the 10th to the 90th percentile as of a normal one."""
    if len(semitones) < 2:
        return 0.0
    low, high = np.percentile(semitones, [10, 90])
    return float(high - low) / 2.563


def above_8k(samples: Samples) -> float:
    """Energy above 8 kHz in dB under the whole."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    high = power[np.fft.rfftfreq(len(samples), 1 / RATE) > 8000].sum()
    return float(10 * np.log10((high + 1e-12) / (power.sum() + 1e-12)))


def edges(samples: Samples) -> float:
    """The level of the louder of the first and the last 30 ms, dB of full scale."""
    levels = [np.square(part).mean() for part in (samples[:_EDGE], samples[-_EDGE:])]
    return float(10 * np.log10(max(levels) + 1e-12))


def offset(samples: Samples) -> float:
    """The mean, dB of full scale."""
    return float(20 * np.log10(abs(float(samples.mean())) + 1e-9))
