"""The two matrix products of a wide block, with their epilogues on the accumulator."""

from __future__ import annotations

import triton
import triton.language as tl

from vvcli.engine.backends.triton.acoustic.gelu import gelu_of_twice
from vvcli.engine.backends.triton.common.split_k import add_parts, arrives_last


@triton.jit
def tile_of(program, row_tiles, column_tiles: tl.constexpr, GROUP: tl.constexpr):
    """Which tile a program makes: columns first within groups of GROUP row tiles, for the L2."""
    per_group = GROUP * column_tiles
    first = program // per_group * GROUP
    height = tl.minimum(row_tiles - first, GROUP)
    within = program % per_group
    return first + within % height, within // height


@triton.jit
def _store_tile(
    total, m, valid, n, bias_ptr, residual_ptr, inverse_fp16_scale, y_ptr, N: tl.constexpr
):
    """Store a tile of the first product, if `residual` is None, or of the second."""
    at = m[:, None] * N + n[None, :]
    if residual_ptr is None:
        tl.store(y_ptr + at, gelu_of_twice(total, tl.load(bias_ptr + n)), mask=valid[:, None])
    else:
        before = tl.load(residual_ptr + at, mask=valid[:, None], other=0.0).to(tl.float32)
        out = before + total * inverse_fp16_scale
        tl.store(y_ptr + at, out.to(tl.bfloat16), mask=valid[:, None])


@triton.jit(do_not_specialize=["rows"])
def feed_forward_kernel(
    x_ptr,
    weight_ptr,
    bias_ptr,
    residual_ptr,
    inverse_fp16_scale,
    y_ptr,
    partial_ptr,
    counters_ptr,
    rows,
    N: tl.constexpr,
    K: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_K: tl.constexpr,
    SPLIT: tl.constexpr,
    GROUP: tl.constexpr,
):
    """One of the two products of a block: `x` [rows, K] float16 by `weight` [N, K] float16.

    The first, without `residual`, gives `gelu(2 · (x·W + bias))` as float16. The second gives
    `residual + x·W · inverse_fp16_scale` as bfloat16. Grid (tiles, SPLIT): SPLIT programs share
    the sum of a tile, and add up its parts in order.
    """
    tile = tl.program_id(0)
    row_tile, column_tile = tile_of(tile, tl.cdiv(rows, BLOCK_M), N // BLOCK_N, GROUP)
    m = row_tile * BLOCK_M + tl.arange(0, BLOCK_M)
    n = column_tile * BLOCK_N + tl.arange(0, BLOCK_N)
    k = tl.program_id(1) * (K // SPLIT) + tl.arange(0, BLOCK_K)
    valid = m < rows
    x_at = x_ptr + m[:, None] * K + k[None, :]
    weight_at = weight_ptr + n[None, :] * K + k[:, None]
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for _ in range(0, K // SPLIT, BLOCK_K):
        tile_x = tl.load(x_at, mask=valid[:, None], other=0.0)
        total = tl.dot(tile_x, tl.load(weight_at), total)
        x_at += BLOCK_K
        weight_at += BLOCK_K
    if SPLIT == 1:
        _store_tile(total, m, valid, n, bias_ptr, residual_ptr, inverse_fp16_scale, y_ptr, N)
    else:
        SIZE: tl.constexpr = BLOCK_M * BLOCK_N
        own = tl.arange(0, BLOCK_M)[:, None] * BLOCK_N + tl.arange(0, BLOCK_N)[None, :]
        own += tile * (SPLIT * SIZE)
        tl.store(partial_ptr + own + tl.program_id(1) * SIZE, total)
        if arrives_last(counters_ptr, tile, SPLIT):
            total = add_parts(partial_ptr + own, counters_ptr, tile, SIZE, SPLIT)
            _store_tile(total, m, valid, n, bias_ptr, residual_ptr, inverse_fp16_scale, y_ptr, N)


@triton.jit(do_not_specialize=["rows"])
def few_rows_kernel(
    x_ptr,
    weight_ptr,
    bias_ptr,
    residual_ptr,
    inverse_fp16_scale,
    y_ptr,
    rows,
    N: tl.constexpr,
    K: tl.constexpr,
    BLOCK_N: tl.constexpr,
):
    """The same as `feed_forward_kernel`, one row after the other and without tensor cores.

    The time is that of reading the weights once: a program asks for BLOCK_N whole rows of them at
    once and keeps them in registers.
    """
    n = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    k = tl.arange(0, K)
    w = tl.load(weight_ptr + n[:, None] * K + k[None, :])
    for row in range(rows):
        value = tl.load(x_ptr + row * K + k).to(tl.float32)
        total = tl.sum(w.to(tl.float32) * value[None, :], axis=1)
        m = row + tl.arange(0, 1)
        _store_tile(
            total[None, :], m, m >= 0, n, bias_ptr, residual_ptr, inverse_fp16_scale, y_ptr, N
        )
