"""The decoder's game: what the judges hear, and what counts in their verdicts."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from torch import Tensor

from vvcli.voicelab import discriminators
from vvcli.voicelab.discriminators import (
    Discriminators,
    PeriodJudge,
    SpectrumJudge,
    feature_loss,
    fooling_loss,
    judge_loss,
)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judges of a few channels."""
    monkeypatch.setattr(discriminators, "SpectrumJudge", partial(SpectrumJudge, channels=8))
    monkeypatch.setattr(discriminators, "PeriodJudge", partial(PeriodJudge, widths=(4, 8, 8, 8)))


def speech_like(seed: int) -> Tensor:
    """Two seconds [2, 48,000] of noise, at -26 dBFS four times a second and still in between.

    It is seven times as loud at 200 Hz as at 4 kHz.
    """
    white = torch.randn(2, 48_000, generator=torch.Generator().manual_seed(seed))
    spectrum = torch.fft.rfft(white)
    hertz = torch.linspace(0, 12_000, spectrum.shape[1])
    samples = torch.fft.irfft(spectrum / (1 + hertz / 400))
    times = torch.arange(48_000) / 24_000
    return 0.05 * samples / samples.square().mean().sqrt() * torch.sin(4 * math.pi * times) ** 2


def test_new_judges_hear_the_sound_in_every_layer(narrow: None) -> None:
    torch.manual_seed(0)
    for activations in Discriminators()(speech_like(0)):
        for a in activations:
            constant = a.mean(dim=(0, 2, 3), keepdim=True)
            assert (a - constant).square().mean() > 0.1 * a.square().mean()


def test_new_judges_tell_sounds_apart_in_every_layer(narrow: None) -> None:
    torch.manual_seed(0)
    judges = Discriminators()
    assert feature_loss(judges(speech_like(0)), judges(speech_like(1))) > 0.3


def test_spectra_are_judged_without_their_phases(narrow: None) -> None:
    judge = SpectrumJudge(512, channels=4)
    sound = speech_like(0)
    for a, b in zip(judge(sound), judge(-sound), strict=True):
        torch.testing.assert_close(a, b)


def test_verdicts_count_within_pairs_only() -> None:
    copies = [[torch.randn(2, 1, 5, 3)] for _ in range(3)]
    recordings = [[score + 1 for score in scores] for scores in copies]
    assert judge_loss(recordings, copies) < 1e-10
    assert judge_loss(copies, copies) == 1
    assert fooling_loss(recordings, copies) == pytest.approx(4)
    assert fooling_loss(copies, recordings) < 1e-10
