"""The CPU's back-end: the plain one, with layers that make fewer passes and calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from vvcli.engine.backends.backend import Backend
from vvcli.engine.backends.cpu.decoder import FastDecoder
from vvcli.engine.backends.cpu.head import FastHead
from vvcli.engine.backends.cpu.layers import FastNorm, packed
from vvcli.engine.backends.cpu.transformer import FastTransformer
from vvcli.engine.backends.plain import plain_backend
from vvcli.model.acoustic_decoder import AcousticDecoder
from vvcli.model.diffusion_head import DiffusionHead
from vvcli.model.exchange import exchange
from vvcli.model.transformer import RMSNorm, Transformer
from vvcli.model.vibevoice import VibeVoice

# Of float32; in bfloat16, norms have to compute in float32, as the model's own do.
FASTER: list[tuple[type[nn.Module], Callable[..., nn.Module]]] = [
    (DiffusionHead, FastHead),
    (Transformer, FastTransformer),
    (RMSNorm, FastNorm),
]


def cpu_backend(model: VibeVoice, *, fixed: bool = False) -> Backend:
    """A back-end that computes the same as `plain_backend`, with faster layers.

    With `fixed`, the bits of a row do not depend on its place among others.
    """
    fast = with_fast_layers(model, fixed=fixed)
    unguided = replace(plain_backend(fast, guided=False), name="cpu")
    return replace(plain_backend(fast), name="cpu", unguided=unguided)


def with_fast_layers(model: VibeVoice, *, fixed: bool = False) -> VibeVoice:
    """A model of the same weights with faster layers; `model` stays as it is.

    Layers in float64 are kept: others are compared with their results. Of those in
    bfloat16 only linear ones are exchanged, as norms must compute in float32.
    """
    fast = _fast(model, fixed=fixed)
    assert isinstance(fast, VibeVoice)  # noqa: S101 - for mypy
    return fast


def _fast(module: nn.Module, *, fixed: bool) -> nn.Module:
    """A faster layer for `module`, or a copy of it with faster ones below, or itself."""
    parameter = next(module.parameters(), None)
    dtype = torch.float32 if parameter is None else parameter.dtype
    if dtype == torch.float64:
        return module
    if isinstance(module, nn.Linear):
        return packed(module)
    if dtype == torch.float32:
        if isinstance(module, AcousticDecoder):
            return FastDecoder(module, fixed=fixed)
        for kind, faster in FASTER:
            if isinstance(module, kind):
                return faster(module)
    children = {name: _fast(child, fixed=fixed) for name, child in module.named_children()}
    if all(child is module.get_submodule(name) for name, child in children.items()):
        return module
    return exchange(module, children)
