"""The encoder: spectral features to latents. Only training needs it, so it is not in the model."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.voicelab.signals import FEATURE_HOP, FEATURES, features

WIDTHS = (256, 320, 384, 448)


class ConvBlock(nn.Module):
    """ConvNeXt's block (Liu et al., 2022) in one dimension."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.mix = nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.wide = nn.Linear(channels, 3 * channels)
        self.narrow = nn.Linear(3 * channels, channels)
        nn.init.normal_(self.narrow.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` [B, C, T] to the same shape."""
        inner = self.norm(self.mix(x).transpose(1, 2))
        return x + self.narrow(F.gelu(self.wide(inner))).transpose(1, 2)


class Encoder(nn.Module):
    """Features at 100 Hz, halved in rate until there is one step a frame.

    The latents share one scale, whose mean square over all dimensions is kept at one: under
    the noise of training, dimensions compete for it, and what matters gets more.
    """

    scale: Tensor
    centre: Tensor

    def __init__(self, latent: int, frame_samples: int) -> None:
        super().__init__()
        halvings = (frame_samples // FEATURE_HOP).bit_length() - 1
        if FEATURE_HOP << halvings != frame_samples or halvings >= len(WIDTHS):
            raise ValueError(f"frames of {frame_samples} samples are no whole halvings of features")
        widths = WIDTHS[: halvings + 1]
        layers: list[nn.Module] = [nn.Conv1d(FEATURES, widths[0], 5, padding=2)]
        layers += [ConvBlock(widths[0], 7), ConvBlock(widths[0], 7)]
        for narrow, wide in pairwise(widths):
            layers += [nn.Conv1d(narrow, wide, 2, stride=2), ConvBlock(wide, 5)]
        layers += [ConvBlock(widths[-1], 3)]
        self.layers = nn.Sequential(*layers)
        self.project = nn.Linear(widths[-1], latent)
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("centre", torch.zeros(latent))

    def forward(self, samples: Tensor) -> Tensor:
        """Latents [B, T, latent] of samples [B, T·frame_samples] at 24 kHz, floats."""
        with torch.no_grad(), torch.autocast(samples.device.type, enabled=False):
            heard = features(samples)
        raw = self.project(self.layers(heard).transpose(1, 2)).float()
        if self.training:
            flat = raw.flatten(0, 1)
            centre = flat.mean(dim=0)
            scale = (flat - centre).square().mean().clamp(min=1e-8).sqrt()
            with torch.no_grad():
                self.centre.lerp_(centre, 0.02)
                self.scale.lerp_(scale, 0.02)
            return (raw - centre) / scale
        return (raw - self.centre) / self.scale
