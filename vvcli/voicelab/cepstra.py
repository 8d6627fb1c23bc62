"""Mel-cepstral distance after time alignment (Kubichek, 1993): how far two recordings are."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from vvcli.voicelab.signals import log_mel

BANDS, COEFFICIENTS, HOP, SIZE = 40, 13, 128, 512

Samples = NDArray[np.float32]


def mel_cepstral_distance(ours: Samples, theirs: Samples) -> float:
    """Mean distance in dB along the best alignment of two recordings at 16 kHz.

    Cepstra 1 to 13 of 40 mel bands every 8 ms; loudness, cepstrum 0, is left out.
    """
    return _aligned_mean(_distances(_cepstra(ours), _cepstra(theirs)))


def _cepstra(samples: Samples) -> NDArray[np.float64]:
    bands = log_mel(torch.from_numpy(samples)[None], SIZE, HOP, 16_000, BANDS)[0].numpy()
    bands = bands.astype(np.float64) * math.log(10)  # natural logarithms
    angles = math.pi / BANDS * (np.arange(BANDS) + 0.5)
    basis = np.cos(np.arange(1, COEFFICIENTS + 1)[:, None] * angles) * 2 / BANDS
    return (basis @ bands).T


def _distances(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = ((ours[:, None] - theirs[None]) ** 2).sum(-1)
    return 10 / math.log(10) * np.sqrt(2 * squares)


def _aligned_mean(distances: NDArray[np.float64]) -> float:
    """Mean of `distances` along the path that makes their sum smallest (dynamic time warping).

    Works along anti-diagonals, whose cells depend only on the two diagonals before.
    """
    rows, columns = distances.shape
    best = np.full((rows + 1, columns + 1), np.inf)
    length = np.zeros((rows + 1, columns + 1))
    best[0, 0] = 0
    for diagonal in range(2, rows + columns + 1):
        i = np.arange(max(1, diagonal - columns), min(rows, diagonal - 1) + 1)
        j = diagonal - i
        sums = np.stack([best[i - 1, j - 1], best[i - 1, j], best[i, j - 1]])
        lengths = np.stack([length[i - 1, j - 1], length[i - 1, j], length[i, j - 1]])
        choice = sums.argmin(axis=0)
        cells = np.arange(len(i))
        best[i, j] = sums[choice, cells] + distances[i - 1, j - 1]
        length[i, j] = lengths[choice, cells] + 1
    return float(best[rows, columns] / length[rows, columns])
