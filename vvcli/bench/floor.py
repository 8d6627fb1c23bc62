"""The least time of a frame: bytes to read and FLOPs to compute, over the rates of the device.

Counted from the config, so that no implementation is asked about itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

import torch
from torch import nn

from vvcli.bench.readings import WARM_UP, time_calls
from vvcli.model.config import KERNEL, AcousticDecoderConfig, DiffusionHeadConfig, ModelConfig
from vvcli.model.empty import empty_model

# Large enough that neither a cache nor the launch shows.
COPIED_ON_CUDA, COPIED_ON_CPU = 1 << 30, 1 << 26  # bytes
MATRIX_ON_CUDA, MATRIX_ON_CPU = 8192, 768
REPEATS = 7


@dataclass(frozen=True)
class Rates:
    """Measured rates of a device."""

    bytes_per_second: float  # read and written, by a copy
    flops_per_second: float  # of a product of large matrices, in the dtype of the weights


@dataclass(frozen=True)
class Work:
    """Bytes and FLOPs that one frame of all streams needs at least."""

    bytes: float  # weights once (of the head's layers, once a solver step), caches in use
    flops: float

    def floor(self, rates: Rates) -> tuple[float, str]:
        """Milliseconds, and which of `bytes` and `flops` it is that takes them."""
        moving = 1e3 * self.bytes / rates.bytes_per_second
        computing = 1e3 * self.flops / rates.flops_per_second
        return max((moving, "bytes"), (computing, "flops"))


def measure_rates(device: torch.device, dtype: torch.dtype) -> Rates:
    """The bandwidth of a copy and the speed of a matrix product, as medians."""
    on_cuda = device.type == "cuda"
    size = COPIED_ON_CUDA if on_cuda else COPIED_ON_CPU
    edge = MATRIX_ON_CUDA if on_cuda else MATRIX_ON_CPU
    return Rates(
        2 * size / (1e-3 * _time_copy(size, device)),
        2 * edge**3 / (1e-3 * _time_product(edge, device, dtype)),
    )


def _time_copy(size: int, device: torch.device) -> float:
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return _median(lambda: target.copy_(source), device)


def _time_product(edge: int, device: torch.device, dtype: torch.dtype) -> float:
    left, right = (torch.randn(edge, edge, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(left)
    return _median(lambda: torch.mm(left, right, out=out), device)


def frame_work(
    config: ModelConfig,
    dtype: torch.dtype,
    *,
    weight_size: int,
    streams: int,
    steps: int,
    positions: int,
) -> Work:
    """One frame of `streams` streams, with `positions` of the cache in use and no text due.

    `weight_size` is the bytes of a weight; caches are of `dtype`.
    """
    model, lm = empty_model(config), config.lm
    head = model.prediction_head
    every_step = [head.noisy_images_proj, head.layers, head.final_linear]
    weights = (
        _count(model.tts_language_model)
        + _count(model.acoustic_connector)
        + _count(model.eos_classifier)
        + _count(model.acoustic_decoder)
        + _count(head.cond_proj)
        + _count(head.modulation)
        + steps * sum(map(_count, every_step))
    )
    # The unconditional row starts from one position, and is as good as empty.
    cached = 2 * lm.tts_layers * lm.kv_heads * lm.head_dim * (positions + 1)
    attention = 4 * lm.tts_layers * lm.attention_heads * lm.head_dim * (positions + 1)
    each = (
        2 * 2 * _matrices(model.tts_language_model)
        + attention
        + 2 * _matrices(model.acoustic_connector)
        + 2 * _matrices(model.eos_classifier)
        + _head_flops(config.head, steps)
        + decoder_flops(config.decoder)
    )
    return Work(weight_size * weights + streams * dtype.itemsize * cached, float(streams * each))


def decoder_flops(config: AcousticDecoderConfig) -> int:
    """Of one latent on its way to samples."""
    channels, lengths = config.channels, [1, *accumulate(config.ratios, mul)]
    flops = 2 * KERNEL * (config.latent_size * channels[0] + channels[-1] * lengths[-1])
    for width, depth, length in zip(channels, config.depths, lengths, strict=True):
        flops += depth * length * (2 * 2 * 4 * width**2 + 2 * KERNEL * width)
    for wide, narrow, length in zip(channels, channels[1:], lengths[1:], strict=False):
        flops += 2 * 2 * wide * narrow * length
    return flops


def _head_flops(config: DiffusionHeadConfig, steps: int) -> int:
    """Of one latent, sampled with and without the condition."""
    size = config.hidden_size
    modulation = (3 * config.layers + 2) * size**2
    layers = 3 * config.layers * size * config.ffn_size + 2 * config.latent_size * size
    return 2 * 2 * (size**2 + steps * (modulation + layers))


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _matrices(module: nn.Module) -> int:
    return sum(math.prod(p.shape) for p in module.parameters() if p.dim() == 2)


def _median(call: Callable[[], object], device: torch.device) -> float:
    times = time_calls(call, WARM_UP + REPEATS, device)[WARM_UP:]
    return sorted(times)[REPEATS // 2]
