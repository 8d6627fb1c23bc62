"""Losses see differences; resampling keeps tones; training decodes as the model does."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from vvcli.voicelab.autoencoder import Autoencoder
from vvcli.voicelab.decoding import decode
from vvcli.voicelab.settings import Settings
from vvcli.voicelab.signals import FEATURES, features, magnitude_loss, mel_loss
from vvcli.voicelab.spectral import MARGIN, Crops, encoded_crops
from vvcli.voicelab.teach import Recordings


def tone(frequency: float, seconds: float = 0.5) -> Tensor:
    times = torch.arange(int(24_000 * seconds), dtype=torch.float64) / 24_000
    return torch.sin(2 * math.pi * frequency * times).float()[None]


def test_features_come_a_hundred_times_a_second() -> None:
    assert features(torch.randn(2, 24_000)).shape == (2, FEATURES, 100)


@pytest.mark.parametrize("loss", [mel_loss, magnitude_loss])
def test_losses_are_zero_for_the_same_sound_only(loss: type) -> None:
    sound = torch.randn(1, 24_000)
    assert loss(sound, sound) == 0
    assert loss(sound, 0.5 * sound) > 0.1


def test_the_highest_band_is_heard() -> None:
    low = tone(200.0)
    assert mel_loss(low + 0.01 * tone(11_500.0), low) > 0.01


def test_training_decodes_as_the_model_does(settings: Settings) -> None:
    torch.manual_seed(0)
    decoder = Autoencoder(settings).decoder
    latents = torch.randn(2, 9, settings.shapes.latent)
    torch.testing.assert_close(decode(decoder, latents), decoder(latents)[0])


def test_crops_have_the_latents_of_the_whole(settings: Settings, recordings: Recordings) -> None:
    encoder = Autoencoder(settings).encoder.eval()
    crops = Crops(recordings.samples, settings.hop, torch.device("cpu"))
    latents, heard = encoded_crops(encoder, crops, 3, 4, torch.device("cpu"))
    assert latents.shape == (3, 4, settings.shapes.latent)
    assert heard.shape == (3, 4 * settings.hop)
    whole = torch.from_numpy(recordings.samples).float() / 32768
    for row in heard:
        starts = range(MARGIN * settings.hop, len(whole) - row.numel(), settings.hop)
        assert any(torch.equal(row, whole[s : s + row.numel()]) for s in starts)
