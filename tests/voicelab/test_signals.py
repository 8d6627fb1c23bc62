"""Resampling keeps tones, losses see differences, alignment forgives tempo."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from vvcli.voicelab.cepstra import mel_cepstral_distance
from vvcli.voicelab.signals import FEATURES, features, mel_loss, to_16k, to_24k


def tone(frequency: float, rate: int, seconds: float = 0.5) -> Tensor:
    times = torch.arange(int(rate * seconds), dtype=torch.float64) / rate
    return torch.sin(2 * math.pi * frequency * times).float()[None]


@pytest.mark.parametrize("frequency", [100.0, 1000.0, 5000.0])
def test_resampling_keeps_a_tone(frequency: float) -> None:
    up = to_24k(tone(frequency, 16_000))
    torch.testing.assert_close(
        up[:, 200:-200], tone(frequency, 24_000)[:, 200:-200], atol=0.01, rtol=0
    )
    down = to_16k(tone(frequency, 24_000))
    torch.testing.assert_close(
        down[:, 200:-200], tone(frequency, 16_000)[:, 200:-200], atol=0.01, rtol=0
    )


def test_resampling_adds_nothing_above_the_teachers_band() -> None:
    spectrum = torch.fft.rfft(to_24k(torch.randn(1, 16_000))).abs()[0]
    assert spectrum[9000:].mean() < 0.006 * spectrum[:7000].mean()


def test_features_come_a_hundred_times_a_second() -> None:
    assert features(torch.randn(2, 16_000)).shape == (2, FEATURES, 100)


def test_mel_loss_is_zero_for_the_same_sound_only() -> None:
    sound = torch.randn(1, 24_000)
    assert mel_loss(sound, sound) == 0
    assert mel_loss(sound, 0.5 * sound) > 0.1


def test_alignment_forgives_tempo_but_not_other_sounds() -> None:
    rng = np.random.default_rng(0)
    low = np.sin(np.arange(8000) * 0.1).astype(np.float32)
    high = np.sin(np.arange(8000) * 1.1).astype(np.float32)
    noise = 0.01 * rng.standard_normal(20_000).astype(np.float32)
    fast = np.concatenate([low, high])
    slow = np.concatenate([low, low[:4000], high])
    fast, slow = fast + noise[: len(fast)], slow + noise[: len(slow)]
    same = mel_cepstral_distance(slow, fast)
    other = mel_cepstral_distance(np.concatenate([high, low]) + noise[:16_000], fast)
    assert mel_cepstral_distance(fast, fast) == 0
    assert same < 0.5 * other
