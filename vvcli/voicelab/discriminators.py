"""Networks that tell the decoder's sound from the teacher's, and the losses of that game."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
import torch._functorch.config
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.voicelab.signals import spectrum

SLOPE = 0.1


class SpectrumJudge(nn.Module):
    """2-D convolutions over a complex spectrum (Défossez et al., 2022).

    They are the same everywhere, so each frequency has a vector of its own beside its sound: what
    is real at 200 Hz is not at 8 kHz.
    """

    def __init__(self, size: int, channels: int = 32) -> None:
        super().__init__()
        self.size = size
        self.frequencies = nn.Parameter(torch.zeros(channels, size // 2 + 1, 1))
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(2, channels, (9, 3), padding=(4, 1)),
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
        # Square roots of magnitudes, phases kept: quiet parts count too.
        loudness = parts.square().sum(-1, keepdim=True) + 1e-6
        x = (parts / loudness**0.25).permute(0, 3, 1, 2)
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
    """All judges."""

    def __init__(self) -> None:
        super().__init__()
        self.judges = nn.ModuleList(
            [
                *(SpectrumJudge(size) for size in (2048, 1024, 512)),
                *(PeriodJudge(period) for period in (2, 3, 5, 7, 11)),
            ]
        )

    def forward(self, samples: Tensor) -> list[list[Tensor]]:
        """Every judge's activations on `samples` [B, T]."""
        return [judge(samples) for judge in self.judges]


def judge_loss(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Least squares: real sound should score one, ours zero."""
    losses = [
        (1 - r[-1].float()).square().mean() + f[-1].float().square().mean()
        for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(losses).mean()


def fooling_loss(fake: list[list[Tensor]]) -> Tensor:
    """Least squares: ours should score one."""
    return torch.stack([(1 - f[-1].float()).square().mean() for f in fake]).mean()


def feature_loss(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Relative distance of the judges' inner activations (Larsen et al., 2016)."""
    losses = [
        _distance(a.device)(a.detach(), b)
        for r, f in zip(real, fake, strict=True)
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
