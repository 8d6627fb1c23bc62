"""Networks that tell the decoder's sound from the teacher's, and the losses of that game."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import torch
import torch._functorch.config
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.voicelab.signals import spectrum

SLOPE = 0.1
# Speech is at -26 dBFS, its high frequencies far below: this brings all of it to about one.
EMPHASIS, GAIN = 0.9, 30.0
# Magnitudes, compressed so that quiet ones count, from about minus one to one.
POWER, FLOOR, SCALE = 0.3, 1e-3, 5.0
VERDICT = 0.3  # the size of the first verdicts
SIZES = (2048, 1024, 512)


class SpectrumJudge(nn.Module):
    """2-D convolutions over magnitudes of a spectrum (Jang et al., 2021).

    Phases are left out: the encoder hears none, so those of ours are not the recording's. The
    convolutions are the same everywhere, so each frequency has a vector of its own beside its
    sound: what is real at 200 Hz is not at 8 kHz.
    """

    def __init__(self, size: int, channels: int = 32) -> None:
        super().__init__()
        self.size = size
        self.frequencies = nn.Parameter(torch.zeros(channels, size // 2 + 1, 1))
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(1, channels, (9, 3), padding=(4, 1)),
                *(
                    nn.Conv2d(channels, channels, (9, 3), stride=(2, 1), padding=(4, 1))
                    for _ in range(3)
                ),
                nn.Conv2d(channels, channels, 3, padding=1),
                nn.Conv2d(channels, 1, 3, padding=1),
            ]
        )

    def forward(self, samples: Tensor) -> list[Tensor]:
        """Activations of all layers on `samples` [B, T]; the last is the verdict."""
        with torch.autocast(samples.device.type, enabled=False):
            parts = torch.view_as_real(spectrum(samples.float(), self.size, self.size // 4))
            loudness = parts.square().sum(-1) + FLOOR**2
            x = (SCALE * loudness ** (POWER / 2) - 1)[:, None]
        placed = _activated(self.layers[0], x, self.frequencies)
        return [placed, *_run(self.layers[1:], placed)]


class PeriodJudge(nn.Module):
    """2-D convolutions over samples folded at a period (Kong et al., 2020)."""

    def __init__(self, period: int, widths: tuple[int, ...] = (32, 128, 512, 1024)) -> None:
        super().__init__()
        self.period = period
        layers: list[nn.Module] = []
        before = 1
        for width in widths:
            layers.append(nn.Conv2d(before, width, (5, 1), stride=(3, 1), padding=(2, 0)))
            before = width
        layers.append(nn.Conv2d(before, 1, (3, 1), padding=(1, 0)))
        self.layers = nn.ModuleList(layers)

    def forward(self, samples: Tensor) -> list[Tensor]:
        """Activations of all layers on `samples` [B, T]; the last is the verdict."""
        whole = samples.shape[1] // self.period * self.period
        return _run(self.layers, samples[:, None, :whole].unflatten(2, (-1, self.period)))


class Discriminators(nn.Module):
    """All judges: of spectra, and one for each of `periods`.

    Their weights begin as in He et al. (2015), without biases. With torch's smaller weights and
    its biases, nine tenths of a deep activation were the same for any sound.
    """

    def __init__(self, periods: tuple[int, ...]) -> None:
        super().__init__()
        self.judges = nn.ModuleList(
            [
                *(SpectrumJudge(size) for size in SIZES),
                *(PeriodJudge(period) for period in periods),
            ]
        )
        self.apply(_initialise)

    def forward(self, samples: Tensor) -> list[list[Tensor]]:
        """Every judge's activations on `samples` [B, T], those of spectra first."""
        heard = GAIN * (samples[:, 1:] - EMPHASIS * samples[:, :-1])
        return [judge(heard) for judge in self.judges]


def judge_loss(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Least squares: a recording should score one more than our copy of it, at every point.

    One is chance. What is said moves a score five times as far as who says it, recording or copy;
    within a pair (Jolicoeur-Martineau, 2018) both say the same.
    """
    return _mean_distance(real, fake)


def fooling_loss(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Least squares: our copy should score one more than the recording."""
    return _mean_distance(fake, real)


def _mean_distance(better: list[list[Tensor]], worse: list[list[Tensor]]) -> Tensor:
    losses = [
        (b[-1].float() - w[-1].float() - 1).square().mean()
        for b, w in zip(better, worse, strict=True)
    ]
    return torch.stack(losses).mean()


def feature_loss(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Relative distance of the inner activations (Larsen et al., 2016) of the spectrum judges.

    Those of the period judges depend on phases, which the encoder does not hear: to match them
    cost naturalness in every trial.
    """
    spectra = len(SIZES)
    losses = [
        _distance(a.device)(a.detach(), b)
        for r, f in zip(real[:spectra], fake[:spectra], strict=True)
        for a, b in zip(r[:-1], f[:-1], strict=True)
    ]
    return torch.stack(losses).mean()


def _relative_distance(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).float().abs().mean() / a.float().abs().mean().clamp(min=1e-3)


@lru_cache
def _distance(device: torch.device) -> Callable[[Tensor, Tensor], Tensor]:
    """`_relative_distance`, in one pass over memory on a GPU."""
    if device.type != "cuda":
        return _relative_distance
    return torch.compile(_relative_distance, dynamic=True)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, a=SLOPE)
        if module.out_channels == 1:
            nn.init.normal_(module.weight, std=VERDICT / math.sqrt(module.weight[0].numel()))
        nn.init.zeros_(module.bias)  # type: ignore[arg-type]


def _run(layers: nn.ModuleList, x: Tensor) -> list[Tensor]:
    activations = []
    for layer in layers[:-1]:
        x = _activated(layer, x)
        activations.append(x)
    return [*activations, layers[-1](x)]


def _activated(layer: nn.Module, x: Tensor, offset: Tensor | None = None) -> Tensor:
    """`layer`, a convolution, on `x`, its bias and `offset` if there is one, rectified."""
    plain = F.conv2d(x, layer.weight, None, layer.stride, layer.padding)  # type: ignore[call-overload]
    bias = layer.bias[:, None, None]  # type: ignore[index]
    return _rectifier(x.device)(plain, bias if offset is None else bias + offset)


def _rectify(x: Tensor, bias: Tensor) -> Tensor:
    return F.leaky_relu(x + bias.to(x.dtype), SLOPE)


@lru_cache
def _rectifier(device: torch.device) -> Callable[[Tensor, Tensor], Tensor]:
    """`_rectify`, in one pass over memory on a GPU, where cuDNN would add a bias in its own."""
    if device.type != "cuda":
        return _rectify
    # Two backward passes go through it, of the judges' loss and of the decoder's.
    torch._functorch.config.donated_buffer = False
    return torch.compile(_rectify, dynamic=True)
