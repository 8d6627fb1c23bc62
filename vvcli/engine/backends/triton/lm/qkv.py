"""The products that begin a half-layer: queries, keys and values; gate and up.

Both read a row under a norm and compute columns in pairs: the two halves of a rotation (Su et al.,
2021, paired as in Qwen2), or gate and up of a gated feed-forward layer (Shazeer, 2020).
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.linear import RowSums, Tile
from vvcli.engine.backends.triton.common.primitives import (
    dot,
    inverse_rms,
    load_rows,
    load_sums,
    load_weight,
)
from vvcli.model.attention import CacheView


@triton.jit
def head_turn(
    rope, positions, index, tokens, ok, head, pairs, S, ANGLES: tl.constexpr, HEADS: tl.constexpr,
    KV_HEADS: tl.constexpr, D: tl.constexpr,
):  # fmt: skip
    """Positions and cache rows of tokens, and the cosines and sines that turn a head's pairs.

    A position beyond the table (padding of a text window) uses its last row.
    """
    position = tl.load(positions + tokens, mask=ok, other=0)
    row = tokens // S
    if index is not None:
        row = tl.load(index + row, mask=ok, other=0)
    angle = tl.minimum(position, ANGLES - 1)[:, None] * (2 * D) + pairs[None, :]
    # Values are not turned.
    turned = ok[:, None] & (pairs < D // 2)[None, :] & (head < HEADS + KV_HEADS)
    cos = tl.load(rope + angle, mask=turned, other=1.0)
    sin = tl.load(rope + angle + D, mask=turned, other=0.0)
    return position, row, cos, sin


@triton.jit
def store_head(
    low, high, position, row, cos, sin, q, kv, tokens, ok, head, pairs, plane, row_stride,
    capacity, HEADS: tl.constexpr, KV_HEADS: tl.constexpr, D: tl.constexpr,
):  # fmt: skip
    """Rotate the pairs of one head and put them where they belong: among queries or in the cache.

    What lies beyond the cache is not stored.
    """
    inside = ok[:, None] & (pairs < D // 2)[None, :]
    first = (low * cos - high * sin).to(tl.bfloat16)
    second = (high * cos + low * sin).to(tl.bfloat16)
    if head < HEADS:
        at = q + (tokens * HEADS + head)[:, None] * D + pairs[None, :]
        tl.store(at, first, mask=inside)
        tl.store(at + D // 2, second, mask=inside)
    else:
        kv_head = (head - HEADS) % KV_HEADS
        base = kv + (head - HEADS) // KV_HEADS * plane + kv_head * capacity * D
        at = base + (row.to(tl.int64) * row_stride + position * D)[:, None] + pairs[None, :]
        inside = inside & (position < capacity)[:, None]
        tl.store(at, first, mask=inside)
        tl.store(at + D // 2, second, mask=inside)


@triton.jit(do_not_specialize=["M", "S"])
def qkv_kernel(
    x, w, bias, sums, rope, positions, index, q, kv, M, plane, row_stride, capacity, S,
    ANGLES: tl.constexpr, HEADS: tl.constexpr, KV_HEADS: tl.constexpr, D: tl.constexpr,
    K: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, PARTS: tl.constexpr,
    EPS: tl.constexpr,
):  # fmt: skip
    """See `project_qkv`. Grid: row tiles x tiles of BN pairs x heads."""
    tile = tl.program_id(0)
    row_tiles = tl.cdiv(M, BM)
    column_tile = tile // row_tiles
    TILES: tl.constexpr = D // 2 // BN  # of a head
    head = column_tile // TILES
    pairs = (column_tile % TILES) * BN + tl.arange(0, BN)
    tokens = (tile % row_tiles) * BM + tl.arange(0, BM)
    ok = tokens < M
    N: tl.constexpr = (HEADS + 2 * KV_HEADS) * D
    low_rows = head * D + pairs
    high_rows = low_rows + D // 2
    COVERED: tl.constexpr = triton.cdiv(K, BK) * BK
    # What the end needs is asked for first: with few rows a product is all waiting.
    EARLY: tl.constexpr = BM <= 16
    if EARLY:
        squares = load_sums(sums, tokens, ok, PARTS)
    low_bias, high_bias = tl.load(bias + low_rows), tl.load(bias + high_rows)
    position, row, cos, sin = head_turn(
        rope, positions, index, tokens, ok, head, pairs, S, ANGLES, HEADS, KV_HEADS, D
    )
    low = tl.zeros((BM, BN), tl.float32)
    high = tl.zeros((BM, BN), tl.float32)
    for k in range(0, COVERED, BK):
        columns = k + tl.arange(0, BK)
        a = load_rows(x, tokens, ok, K, columns, K, COVERED)
        low = dot(a, load_weight(w, low_rows, columns, N, BN, K, COVERED).T, low)
        high = dot(a, load_weight(w, high_rows, columns, N, BN, K, COVERED).T, high)
    if not EARLY:
        squares = load_sums(sums, tokens, ok, PARTS)
    scale = inverse_rms(squares, K, EPS)[:, None]
    low = low * scale + low_bias.to(tl.float32)[None, :]
    high = high * scale + high_bias.to(tl.float32)[None, :]
    store_head(
        low, high, position, row, cos, sin, q, kv, tokens, ok, head, pairs, plane, row_stride,
        capacity, HEADS, KV_HEADS, D,
    )  # fmt: skip


def project_qkv(
    x: Tensor, weight: Tensor, bias: Tensor, sums: RowSums, rope: Tensor, cache: CacheView,
    layer: int, tile: Tile,
) -> Tensor:  # fmt: skip
    """Rotated queries [R·S, heads, D] of `x` [R·S, H]; keys and values go into the cache.

    Args:
        weight: queries', keys' and values' rows, with the norm's weight in them.
        sums: of x.
        rope: cosines and sines, [positions, 2, D] float32.
        tile: its columns must divide D / 2.
    """
    kv = cache.kv[layer]
    kv_heads, capacity, head_dim = kv.shape[2:]
    heads = weight.shape[0] // head_dim - 2 * kv_heads
    tokens, steps = x.shape[0], cache.positions.shape[1]
    q = torch.empty(tokens, heads, head_dim, dtype=x.dtype, device=x.device)
    tiles = (heads + 2 * kv_heads) * (head_dim // 2 // tile.columns)
    qkv_kernel[(triton.cdiv(tokens, tile.rows) * tiles,)](
        x, weight, bias, sums.values, rope, cache.positions, cache.rows, q, kv,
        tokens, kv.stride(0), kv.stride(1), capacity, steps,
        ANGLES=rope.shape[0], HEADS=heads, KV_HEADS=kv_heads, D=head_dim, K=x.shape[1],
        BM=tile.rows, BN=tile.columns, BK=tile.depth, PARTS=sums.parts, EPS=sums.eps,
        **tile.options(),
    )  # fmt: skip
    return q


@triton.jit(do_not_specialize=["M"])
def swiglu_kernel(
    x, w, y, sums, shift, scale, M, modulation_stride, N: tl.constexpr, K: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, PARTS: tl.constexpr, EPS: tl.constexpr,
):  # fmt: skip
    """See `gated`. Grid: row tiles x column tiles."""
    tile = tl.program_id(0)
    row_tiles = tl.cdiv(M, BM)
    rows = (tile % row_tiles) * BM + tl.arange(0, BM)
    row_ok = rows < M
    columns = tile // row_tiles * BN + tl.arange(0, BN)
    COVERED: tl.constexpr = triton.cdiv(K, BK) * BK
    EARLY: tl.constexpr = BM <= 16 or scale is not None
    if sums is not None and EARLY:
        squares = load_sums(sums, rows, row_ok, PARTS)
    if scale is not None:
        inverse = inverse_rms(squares, K, EPS)[:, None]
    gate = tl.zeros((BM, BN), tl.float32)
    up = tl.zeros((BM, BN), tl.float32)
    for k in range(0, COVERED, BK):
        at = k + tl.arange(0, BK)
        a = load_rows(x, rows, row_ok, K, at, K, COVERED)
        if scale is not None:
            b = load_rows(scale, rows, row_ok, modulation_stride, at, K, COVERED)
            c = load_rows(shift, rows, row_ok, modulation_stride, at, K, COVERED)
            a = a.to(tl.float32) * inverse * b.to(tl.float32) + c.to(tl.float32)
            a = a.to(tl.bfloat16)
        gate = dot(a, load_weight(w, columns, at, N, BN, K, COVERED).T, gate)
        up = dot(a, load_weight(w + N * K, columns, at, N, BN, K, COVERED).T, up)
    if sums is not None and scale is None:
        if not EARLY:
            squares = load_sums(sums, rows, row_ok, PARTS)
        inverse = inverse_rms(squares, K, EPS)[:, None]
        gate, up = gate * inverse, up * inverse
    gate = gate / (1.0 + tl.exp(-gate))
    ok = row_ok[:, None] & (columns < N)[None, :]
    at = rows.to(tl.int64)[:, None] * N + columns[None, :]
    tl.store(y + at, (gate * up).to(tl.bfloat16), mask=ok)


def gated(
    x: Tensor, weight: Tensor, tile: Tile, *, sums: RowSums | None = None,
    shift: Tensor | None = None, scale: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """`silu(a @ gate.T) · (a @ up.T)`, [M, N], with `weight` [2N, K] gate's rows, then up's.

    `a` is `x` [M, K], or with `sums` (of x) normalised x, or with `scale` and `shift` too
    (both [M, K], same row stride) `scale` times normalised x plus `shift`.
    """
    (rows, depth), columns = x.shape, weight.shape[0] // 2
    out = torch.empty(rows, columns, dtype=x.dtype, device=x.device)
    stride = 0 if scale is None else scale.stride(0)
    swiglu_kernel[(triton.cdiv(rows, tile.rows) * triton.cdiv(columns, tile.columns),)](
        x, weight, out, sums.values if sums else None, shift, scale, rows, stride,
        N=columns, K=depth, BM=tile.rows, BN=tile.columns, BK=tile.depth,
        PARTS=sums.parts if sums else 0, EPS=sums.eps if sums else 0.0,
        **tile.options(),
    )  # fmt: skip
    return out
