"""The CPU's back-end: the plain one, with layers that make fewer passes and calls."""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import nn

from vvcli.engine.backends.backend import Backend
from vvcli.engine.backends.cpu.layers import FastBlock, FastNorm, FastOutputConv, packed
from vvcli.engine.backends.plain import plain_backend
from vvcli.model.acoustic_decoder import Block, CausalConv
from vvcli.model.transformer import RMSNorm
from vvcli.model.vibevoice import VibeVoice


def cpu_backend(model: VibeVoice) -> Backend:
    """A back-end that computes the same as `plain_backend`, with faster layers."""
    fast = with_fast_layers(model)
    unguided = replace(plain_backend(fast, guided=False), name="cpu")
    return replace(plain_backend(fast), name="cpu", unguided=unguided)


def with_fast_layers(model: VibeVoice) -> VibeVoice:
    """A model of the same weights with faster layers; `model` stays as it is.

    Layers in float64 are kept: others are compared with their results. Of those in
    bfloat16 only linear ones are exchanged, as norms must compute in float32.
    """
    fast = _fast(model)
    assert isinstance(fast, VibeVoice)  # noqa: S101 - for mypy
    return fast


def _fast(module: nn.Module) -> nn.Module:
    """A faster layer for `module`, or a copy of it with faster ones below, or itself."""
    parameter = next(module.parameters(), None)
    dtype = torch.float32 if parameter is None else parameter.dtype
    if dtype == torch.float64:
        return module
    if isinstance(module, nn.Linear):
        return packed(module)
    if dtype == torch.float32:
        if isinstance(module, RMSNorm):
            return FastNorm(module)
        if isinstance(module, Block):
            return FastBlock(module)
        if isinstance(module, CausalConv) and module.channels_out == 1:
            return FastOutputConv(module)
    children = {name: _fast(child) for name, child in module.named_children()}
    if all(child is module.get_submodule(name) for name, child in children.items()):
        return module
    changed = copy.copy(module)  # parameters and buffers are shared
    changed._modules = {**module._modules, **children}
    return changed
