"""Signals and their spectra: what the encoder hears, what the losses compare."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from vvcli.voicelab.settings import RATE

FEATURE_HOP = 240
FEATURE_MELS = 100
FEATURE_BINS = 92
FEATURES = FEATURE_MELS + FEATURE_BINS
_FLOOR = 1e-5


def features(samples: Tensor) -> Tensor:
    """What the encoder hears of `samples` [B, T] at 24 kHz: [B, FEATURES, T / 240].

    Log-mel bands, and log bins up to 1.1 kHz over a window that resolves the harmonics. No
    phase: latents without it are easier to predict from text, and the decoder makes its own.
    """
    steps = samples.shape[1] // FEATURE_HOP
    bands = log_mel(samples, 1024, FEATURE_HOP, RATE, FEATURE_MELS)
    bins = _magnitudes(samples, 2048, FEATURE_HOP)[:, 1 : FEATURE_BINS + 1] / 4
    heard = torch.cat([bands, _log(bins)], dim=1)[:, :, :steps]
    return (heard + 3) / 1.5


def log_mel(samples: Tensor, size: int, hop: int, rate: int, mels: int) -> Tensor:
    """Decimal logarithms of mel bands [B, mels, frames] of `samples` [B, T] at `rate`."""
    return _log(_mel(_magnitudes(samples, size, hop), size, rate, mels))


def mel_spectra(samples: Tensor) -> list[Tensor]:
    """Log-mel spectra of `samples` [B, T] at 24 kHz, from fine in time to fine in frequency."""
    return [
        log_mel(samples, size, size // 4, RATE, mels)
        for size, mels in ((64, 8), (128, 16), (256, 32), (512, 64), (1024, 96), (2048, 160))
    ]


def mel_loss(ours: Tensor, theirs: Tensor) -> Tensor:
    """Mean distance of log-mel spectra, averaged over resolutions; both [B, T] at 24 kHz."""
    pairs = zip(mel_spectra(ours), mel_spectra(theirs), strict=True)
    return torch.stack([(a - b).abs().mean() for a, b in pairs]).mean()


def magnitude_loss(ours: Tensor, theirs: Tensor) -> Tensor:
    """Spectral convergence (Arik et al., 2018) at three resolutions: it favours the loud parts."""
    losses = []
    for size in (512, 1024, 2048):
        a, b = (_magnitudes(x, size, size // 4) for x in (ours, theirs))
        losses.append((a - b).norm() / b.norm().clamp(min=1e-3))
    return torch.stack(losses).mean()


def spectrum(samples: Tensor, size: int, hop: int) -> Tensor:
    """Complex spectra [B, size / 2 + 1, frames] of `samples` [B, T], scaled by the window."""
    window = _window(size, str(samples.device))
    return torch.stft(samples, size, hop, window=window, return_complex=True) / (size / 4)


def _magnitudes(samples: Tensor, size: int, hop: int) -> Tensor:
    parts = torch.view_as_real(spectrum(samples, size, hop))
    return (parts.square().sum(-1) + 1e-12).sqrt()


def _log(magnitudes: Tensor) -> Tensor:
    return magnitudes.clamp(min=_FLOOR).log10()


def _mel(magnitudes: Tensor, size: int, rate: int, mels: int) -> Tensor:
    return _mel_filters(size, rate, mels, str(magnitudes.device)) @ magnitudes


@lru_cache
def _window(size: int, device: str) -> Tensor:
    return torch.hann_window(size).to(device)


@lru_cache
def _mel_filters(size: int, rate: int, mels: int, device: str) -> Tensor:
    """Triangles of equal width on the mel scale, each summing to one: [mels, size / 2 + 1]."""
    top = 2595 * math.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (torch.linspace(0, top, mels + 2, dtype=torch.float64) / 2595) - 1)
    bins = torch.arange(size // 2 + 1, dtype=torch.float64) * rate / size
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = torch.minimum(rising, falling).clamp(min=0)
    # Narrow low bands may fall between two bins: give them the nearest one.
    nearest = (bins - edges[1:-1, None]).abs().argmin(dim=1)
    empty = filters.sum(dim=1) == 0
    filters[empty, nearest[empty]] = 1
    return (filters / filters.sum(dim=1, keepdim=True)).float().to(device)
