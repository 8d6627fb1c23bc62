"""The decoder's game: what judges hear, how losses are balanced, who learns when."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from vvcli.voicelab import adversarial, discriminators, encoder, spectral
from vvcli.voicelab.autoencoder import ADVERSARIAL, load_autoencoder
from vvcli.voicelab.balance import Balance
from vvcli.voicelab.discriminators import (
    Discriminators,
    PeriodJudge,
    SpectrumJudge,
    feature_loss,
    fooling_loss,
    judge_loss,
)
from vvcli.voicelab.loop import load_checkpoint
from vvcli.voicelab.settings import Settings
from vvcli.voicelab.teach import Recordings

CPU = torch.device("cpu")
PERIODS = (2, 7)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judges, and an encoder, of a few channels."""
    monkeypatch.setattr(encoder, "WIDTHS", (16, 20, 24, 28))
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
    for activations in Discriminators(PERIODS)(speech_like(0)):
        for a in activations:
            constant = a.mean(dim=(0, 2, 3), keepdim=True)
            assert (a - constant).square().mean() > 0.1 * a.square().mean()


def test_new_judges_tell_sounds_apart_in_every_layer(narrow: None) -> None:
    torch.manual_seed(0)
    judges = Discriminators(PERIODS)
    assert feature_loss(judges(speech_like(0)), judges(speech_like(1))) > 0.3


def test_spectra_are_judged_without_their_phases(narrow: None) -> None:
    judge = SpectrumJudge(512, channels=4)
    sound = speech_like(0)
    for a, b in zip(judge(sound), judge(-sound), strict=True):
        torch.testing.assert_close(a, b)


def test_features_are_matched_whatever_their_phases(narrow: None) -> None:
    judges, sound = Discriminators(PERIODS), speech_like(0)
    assert feature_loss(judges(sound), judges(-sound)) < 1e-5


def test_verdicts_count_within_pairs_only() -> None:
    copies = [[torch.randn(2, 1, 5, 3)] for _ in range(3)]
    recordings = [[score + 1 for score in scores] for scores in copies]
    assert judge_loss(recordings, copies) < 1e-10
    assert judge_loss(copies, copies) == 1
    assert fooling_loss(recordings, copies) == pytest.approx(4)
    assert fooling_loss(copies, recordings) < 1e-10


def test_losses_pull_in_the_proportion_of_their_shares() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(6, 4)
    output = layer(torch.randn(8, 6))
    losses = [100 * output.square().mean(), 0.01 * output[:, 0].sum(), output.abs().mean()]
    balance, shares = Balance(3, CPU), torch.tensor([1.0, 0.5, 2.0])
    total = balance.gradient(losses, shares, output, layer.weight)
    pulls = [
        torch.autograd.grad(weight * loss, layer.weight, retain_graph=True)[0].norm().item()
        for weight, loss in zip(balance.weights, losses, strict=True)
    ]
    assert balance.weights[0] == 1
    assert pulls == pytest.approx([pulls[0], 0.5 * pulls[0], 2 * pulls[0]], rel=1e-4)
    weighed = sum(w * loss for w, loss in zip(balance.weights, losses, strict=True))
    expected = torch.autograd.grad(weighed, output)[0]
    torch.testing.assert_close(total, expected)


def test_a_pull_that_overflowed_is_forgotten() -> None:
    layer = nn.Linear(3, 1)
    balance, shares = Balance(2, CPU), torch.ones(2)
    for scale in (1.0, math.inf, 1.0):
        output = layer(torch.ones(2, 3))
        balance.gradient([output.sum(), scale * output.sum()], shares, output, layer.weight)
    assert balance.weights.isfinite().all()


@pytest.mark.slow
def test_the_decoder_waits_for_new_judges(
    settings: Settings, recordings: Recordings, tmp_path: Path, narrow: None
) -> None:
    spectral.train_spectral(settings, recordings.samples, tmp_path, CPU)
    before = load_autoencoder(settings, tmp_path, CPU).state_dict()
    for held, waits in ((2, True), (1, False)):
        game = replace(settings.adversarial, steps=2, warmup_steps=1, held_steps=held)
        changed = replace(settings, adversarial=game)
        adversarial.train_adversarial(changed, recordings.samples, tmp_path, CPU)
        state = load_checkpoint(tmp_path / ADVERSARIAL, CPU)
        assert state is not None
        name = "decoder.head.linear.weight"
        assert torch.equal(state["networks"][name], before[name]) == waits
        assert state["judges"]["judges.0.frequencies"].abs().max() > 0  # zero at first
        (tmp_path / ADVERSARIAL).unlink()
