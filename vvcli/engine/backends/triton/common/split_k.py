"""Sums shared out over several programs, of which the last to arrive adds up the parts in order.

So the order of additions, and with it every bit, does not depend on which program is the last.
"""

from __future__ import annotations

from functools import cache

import torch
import triton
import triton.language as tl
from torch import Tensor

MAX_SHARED_TILES = 4096


@cache
def _counters(device: torch.device, stream: int) -> Tensor:
    return torch.zeros(MAX_SHARED_TILES, dtype=torch.int32, device=device)


def arrival_counters(device: torch.device, tiles: int) -> Tensor:
    """Zeroed counters for `tiles` tiles; kernels that use them leave them at zero.

    Shared by the kernels of a stream, which run one after the other.
    """
    if tiles > MAX_SHARED_TILES:
        raise ValueError(f"{tiles} tiles are shared by several programs; {MAX_SHARED_TILES} can be")
    stream = torch.cuda.current_stream(device).cuda_stream if device.type == "cuda" else 0
    return _counters(device, stream)


def split_buffers(
    device: torch.device, tiles: int, splits: int, size: int
) -> tuple[Tensor | None, Tensor | None]:
    """Memory for `splits` parts of `size` float32 a tile, and counters; None for a single part."""
    if splits == 1:
        return None, None
    partial = torch.empty(tiles * splits * size, dtype=torch.float32, device=device)
    return partial, arrival_counters(device, tiles)


@triton.jit
def arrives_last(counters_ptr, tile, SPLIT: tl.constexpr):
    """Whether this program, whose part has been stored, is the last of its tile."""
    tl.debug_barrier()
    return tl.atomic_add(counters_ptr + tile, 1, sem="acq_rel") == SPLIT - 1


@triton.jit
def add_parts(own_ptrs, counters_ptr, tile, SIZE: tl.constexpr, SPLIT: tl.constexpr):
    """The sum of a tile's parts, in the order of K; `own_ptrs` are those of the first."""
    total = tl.load(own_ptrs, cache_modifier=".cg")
    for i in tl.static_range(1, SPLIT):
        total += tl.load(own_ptrs + i * SIZE, cache_modifier=".cg")
    tl.store(counters_ptr + tile, 0)
    return total
