"""Rotary positions (Su et al., 2021; halves paired as in Qwen2), and where rotated heads go.

`low' = low · cos - high · sin`, `high' = high · cos + low · sin`: queries into a tensor, keys and
values into the cache.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.row_sums import RowSums, load_inverse_rms
from vvcli.model.transformer import CacheView


@triton.jit
def load_rotation(
    rope_ptr, positions_ptr, cache_rows_ptr, tokens, ok, head, pairs, S, ANGLES: tl.constexpr,
    HEADS: tl.constexpr, KV_HEADS: tl.constexpr, D: tl.constexpr,
):  # fmt: skip
    """Positions and cache rows of tokens, and the cosines and sines that turn a head's pairs.

    A position beyond the table (padding of a text window) uses its last row.
    """
    position = tl.load(positions_ptr + tokens, mask=ok, other=0)
    row = tokens // S
    if cache_rows_ptr is not None:
        row = tl.load(cache_rows_ptr + row, mask=ok, other=0)
    angle = tl.minimum(position, ANGLES - 1)[:, None] * (2 * D) + pairs[None, :]
    # Values are not turned.
    turned = ok[:, None] & (pairs < D // 2)[None, :] & (head < HEADS + KV_HEADS)
    cos = tl.load(rope_ptr + angle, mask=turned, other=1.0)
    sin = tl.load(rope_ptr + angle + D, mask=turned, other=0.0)
    return position, row, cos, sin


@triton.jit
def store_head(
    low, high, position, row, cos, sin, q_ptr, kv_ptr, tokens, ok, head, pairs, kv_plane_stride,
    kv_row_stride, capacity, HEADS: tl.constexpr, KV_HEADS: tl.constexpr, D: tl.constexpr,
):  # fmt: skip
    """Rotate the pairs of one head and put them where they belong: among queries or in the cache.

    Positions beyond the cache are not stored.
    """
    inside = ok[:, None] & (pairs < D // 2)[None, :]
    first = (low * cos - high * sin).to(tl.bfloat16)
    second = (high * cos + low * sin).to(tl.bfloat16)
    if head < HEADS:
        at = q_ptr + (tokens * HEADS + head)[:, None] * D + pairs[None, :]
        tl.store(at, first, mask=inside)
        tl.store(at + D // 2, second, mask=inside)
    else:
        kv_head = (head - HEADS) % KV_HEADS
        base = kv_ptr + (head - HEADS) // KV_HEADS * kv_plane_stride + kv_head * capacity * D
        at = base + (row.to(tl.int64) * kv_row_stride + position * D)[:, None] + pairs[None, :]
        inside = inside & (position < capacity)[:, None]
        tl.store(at, first, mask=inside)
        tl.store(at + D // 2, second, mask=inside)


@triton.jit(do_not_specialize=["M", "S"])
def rotate_kernel(
    qkv_ptr, bias_ptr, sums_ptr, rope_ptr, positions_ptr, cache_rows_ptr, q_ptr, kv_ptr, M,
    kv_plane_stride, kv_row_stride, capacity, S, ANGLES: tl.constexpr, HEADS: tl.constexpr,
    KV_HEADS: tl.constexpr, D: tl.constexpr, K: tl.constexpr, BLOCK_M: tl.constexpr,
    PAIRS: tl.constexpr, PARTS: tl.constexpr, EPS: tl.constexpr,
):  # fmt: skip
    """See `rotate`. Grid (row tiles, heads)."""
    tokens = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    ok = tokens < M
    head = tl.program_id(1)
    pairs = tl.arange(0, PAIRS)
    inside = (pairs < D // 2)[None, :]
    N: tl.constexpr = (HEADS + 2 * KV_HEADS) * D
    at = qkv_ptr + tokens.to(tl.int64)[:, None] * N + (head * D + pairs)[None, :]
    low = tl.load(at, mask=ok[:, None] & inside, other=0.0).to(tl.float32)
    high = tl.load(at + D // 2, mask=ok[:, None] & inside, other=0.0).to(tl.float32)
    scale = load_inverse_rms(sums_ptr, tokens, ok, K, EPS, PARTS)[:, None]
    of_head = (bias_ptr + head * D + pairs)[None, :]
    low = low * scale + tl.load(of_head, mask=inside, other=0.0).to(tl.float32)
    high = high * scale + tl.load(of_head + D // 2, mask=inside, other=0.0).to(tl.float32)
    position, row, cos, sin = load_rotation(
        rope_ptr,
        positions_ptr,
        cache_rows_ptr,
        tokens,
        ok,
        head,
        pairs,
        S,
        ANGLES,
        HEADS,
        KV_HEADS,
        D,
    )
    store_head(
        low, high, position, row, cos, sin, q_ptr, kv_ptr, tokens, ok, head, pairs, kv_plane_stride,
        kv_row_stride, capacity, HEADS, KV_HEADS, D,
    )  # fmt: skip


def rotate(
    qkv: Tensor, bias: Tensor, sums: RowSums, rope: Tensor, cache: CacheView, layer: int,
    hidden: int,
) -> Tensor:  # fmt: skip
    """The rest of `project_qkv` after its product `qkv` [R·S, …] of rows `hidden` wide."""
    kv = cache.kv[layer]
    kv_heads, capacity, head_dim = kv.shape[2:]
    (tokens, width), steps = qkv.shape, cache.positions.shape[1]
    heads = width // head_dim - 2 * kv_heads
    q = torch.empty(tokens, heads, head_dim, dtype=qkv.dtype, device=qkv.device)
    BLOCK_M = 32
    rotate_kernel[(triton.cdiv(tokens, BLOCK_M), heads + 2 * kv_heads)](
        qkv, bias, sums.values, rope, cache.positions, cache.rows, q, kv, tokens, kv.stride(0),
        kv.stride(1), capacity, steps, ANGLES=rope.shape[0], HEADS=heads, KV_HEADS=kv_heads,
        D=head_dim, K=hidden, BLOCK_M=BLOCK_M, PAIRS=triton.next_power_of_2(head_dim // 2),
        PARTS=sums.parts, EPS=sums.eps, num_warps=4,
    )  # fmt: skip
    return q
