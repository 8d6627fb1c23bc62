"""Queries, keys and values of normed rows, rotated, in one product.

A program computes pairs of columns, the two halves of a rotation.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.primitives import dot, load_rows, load_weight
from vvcli.engine.backends.triton.common.row_sums import RowSums, inverse_rms, load_sums
from vvcli.engine.backends.triton.common.tile import Tile
from vvcli.engine.backends.triton.lm.rotary import load_rotation, store_head
from vvcli.model.transformer import CacheView


@triton.jit(do_not_specialize=["M", "S"])
def qkv_kernel(
    x_ptr, w_ptr, bias_ptr, sums_ptr, rope_ptr, positions_ptr, cache_rows_ptr, q_ptr, kv_ptr, M,
    kv_plane_stride, kv_row_stride, capacity, S, ANGLES: tl.constexpr, HEADS: tl.constexpr,
    KV_HEADS: tl.constexpr, D: tl.constexpr, K: tl.constexpr, BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, PARTS: tl.constexpr, EPS: tl.constexpr,
):  # fmt: skip
    """See `project_qkv`. Grid: row tiles x tiles of BN pairs x heads."""
    tile = tl.program_id(0)
    row_tiles = tl.cdiv(M, BLOCK_M)
    column_tile = tile // row_tiles
    TILES: tl.constexpr = D // 2 // BLOCK_N  # of a head
    head = column_tile // TILES
    pairs = (column_tile % TILES) * BLOCK_N + tl.arange(0, BLOCK_N)
    tokens = (tile % row_tiles) * BLOCK_M + tl.arange(0, BLOCK_M)
    ok = tokens < M
    N: tl.constexpr = (HEADS + 2 * KV_HEADS) * D
    low_rows = head * D + pairs
    high_rows = low_rows + D // 2
    COVERED: tl.constexpr = triton.cdiv(K, BLOCK_K) * BLOCK_K
    # The epilogue's operands are loaded first: with few rows a product is all waiting.
    EARLY: tl.constexpr = BLOCK_M <= 16
    if EARLY:
        squares = load_sums(sums_ptr, tokens, ok, PARTS)
    low_bias, high_bias = tl.load(bias_ptr + low_rows), tl.load(bias_ptr + high_rows)
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
    low = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    high = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for k in range(0, COVERED, BLOCK_K):
        columns = k + tl.arange(0, BLOCK_K)
        a = load_rows(x_ptr, tokens, ok, K, columns, K, COVERED)
        low = dot(a, load_weight(w_ptr, low_rows, columns, N, BLOCK_N, K, COVERED).T, low)
        high = dot(a, load_weight(w_ptr, high_rows, columns, N, BLOCK_N, K, COVERED).T, high)
    if not EARLY:
        squares = load_sums(sums_ptr, tokens, ok, PARTS)
    scale = inverse_rms(squares, K, EPS)[:, None]
    low = low * scale + low_bias.to(tl.float32)[None, :]
    high = high * scale + high_bias.to(tl.float32)[None, :]
    store_head(
        low, high, position, row, cos, sin, q_ptr, kv_ptr, tokens, ok, head, pairs, kv_plane_stride,
        kv_row_stride, capacity, HEADS, KV_HEADS, D,
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
        tile: its block_n must divide D / 2.
    """
    kv = cache.kv[layer]
    kv_heads, capacity, head_dim = kv.shape[2:]
    heads = weight.shape[0] // head_dim - 2 * kv_heads
    tokens, steps = x.shape[0], cache.positions.shape[1]
    q = torch.empty(tokens, heads, head_dim, dtype=x.dtype, device=x.device)
    tiles = (heads + 2 * kv_heads) * (head_dim // 2 // tile.block_n)
    qkv_kernel[(triton.cdiv(tokens, tile.block_m) * tiles,)](
        x, weight, bias, sums.values, rope, cache.positions, cache.rows, q, kv, tokens,
        kv.stride(0), kv.stride(1), capacity, steps, ANGLES=rope.shape[0], HEADS=heads,
        KV_HEADS=kv_heads, D=head_dim, K=x.shape[1], BLOCK_M=tile.block_m, BLOCK_N=tile.block_n,
        BLOCK_K=tile.block_k, PARTS=sums.parts, EPS=sums.eps, **tile.options(),
    )  # fmt: skip
    return q
