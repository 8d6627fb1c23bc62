"""The decoder's pass in training: whole crops from the zero context, fused on a GPU.

It computes what `AcousticDecoder.forward` does. There each convolution takes its context from
one flat tensor, which a compiler cannot see through; here it is padding.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
import torch._functorch.config
import torch.nn.functional as F
from torch import Tensor

from vvcli.model.acoustic_decoder import AcousticDecoder
from vvcli.model.config import KERNEL


def decode(decoder: AcousticDecoder, latents: Tensor) -> Tensor:
    """Decode `latents` [B, T, latent] to float32 samples [B, T·hop]."""
    windows = _padded(latents, KERNEL - 1).unfold(1, KERNEL, 1)
    x = decoder.stem.linear(windows.flatten(2)).float()
    for i, stage in enumerate(decoder.stages):
        if i:
            x = _upsampled(decoder.upsamples[i - 1], x)
        for block in stage:  # type: ignore[attr-defined]
            x = _on(x.device, _block)(x, *_parameters(block))
    # Sixteen bits of mantissa less would be a hiss that the judges hear.
    with torch.autocast(x.device.type, enabled=False):
        head = decoder.head.linear
        return _on(x.device, _head)(x.float(), head.weight, head.bias)


def _on(device: torch.device, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return `function`, fused if it runs on a GPU: the fast end is bound by memory."""
    return _fused(function) if device.type == "cuda" else function


@lru_cache
def _fused(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    # One compilation for each stage's width, in each training.
    torch._dynamo.config.recompile_limit = 64
    # More than one backward pass may go through it.
    torch._functorch.config.donated_buffer = False
    return torch.compile(function, dynamic=False)


def _padded(x: Tensor, length: int) -> Tensor:
    return F.pad(x, (0, 0, length, 0))


def _upsampled(layer: Any, x: Tensor) -> Tensor:
    pairs = torch.cat([_padded(x, 1)[:, :-1], x], dim=2)
    return layer.linear(pairs).view(len(x), x.shape[1] * layer.ratio, -1) + layer.bias


def _parameters(block: Any) -> tuple[Any, ...]:
    return (
        *(block.norm.weight, block.mixer.weight, block.mixer.bias, block.gamma),
        *(block.ffn_norm.weight, block.linear1.weight, block.linear1.bias),
        *(block.linear2.weight, block.linear2.bias, block.ffn_gamma, block.norm.eps),
    )


def _block(
    x: Tensor,
    norm: Tensor,
    kernel: Tensor,
    bias: Tensor,
    gamma: Tensor,
    ffn_norm: Tensor,
    weight1: Tensor,
    bias1: Tensor,
    weight2: Tensor,
    bias2: Tensor,
    ffn_gamma: Tensor,
    eps: float,
) -> Tensor:
    past = _padded(_normed(x, norm, eps), KERNEL - 1)
    steps = x.shape[1]
    mixed = bias + sum(past[:, k : k + steps] * kernel[:, 0, k] for k in range(KERNEL))
    x = x + gamma * mixed
    inner = F.gelu(F.linear(_normed(x, ffn_norm, eps), weight1, bias1))
    return x + ffn_gamma * F.linear(inner, weight2, bias2)


def _normed(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    wide = x.float()
    return wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps) * weight


def _head(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The last convolution, to one channel, as a sum of shifted products."""
    past, steps = _padded(x, KERNEL - 1), x.shape[1]
    kernel = weight.view(-1, KERNEL)  # windows are unfolded to [C, 7]
    shifted = (past[:, k : k + steps] * kernel[:, k] for k in range(KERNEL))
    total: Tensor = sum(shifted, start=torch.zeros_like(x))
    return total.sum(-1) + bias
