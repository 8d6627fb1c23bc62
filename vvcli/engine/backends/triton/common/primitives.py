"""Loads and products that several kernels share."""

from __future__ import annotations

import os

import triton
import triton.language as tl

INTERPRETED = tl.constexpr(os.environ.get("TRITON_INTERPRET") == "1")


@triton.jit
def dot(a, b, acc):
    """`acc + a @ b`; the interpreter has no bfloat16 product."""
    if INTERPRETED:
        a = a.to(tl.float32)
        b = b.to(tl.float32)
    return tl.dot(a, b, acc)


@triton.jit
def load_rows(x_ptr, rows, row_ok, stride, columns, K: tl.constexpr, COVERED: tl.constexpr):
    """A tile of rows; zero beyond the last row, and beyond K where tiles cover more than it."""
    ok = row_ok[:, None]
    if K != COVERED:
        ok = ok & (columns < K)[None, :]
    return tl.load(
        x_ptr + rows.to(tl.int64)[:, None] * stride + columns[None, :], mask=ok, other=0.0
    )


@triton.jit
def load_weight(
    w_ptr,
    rows,
    columns,
    N: tl.constexpr,
    BLOCK_N: tl.constexpr,
    K: tl.constexpr,
    COVERED: tl.constexpr,
):
    """A tile of rows of a weight [N, K], zero beyond it."""
    pointers = w_ptr + rows[:, None] * K + columns[None, :]
    if N % BLOCK_N == 0 and K == COVERED:
        tile = tl.load(pointers)
    else:
        tile = tl.load(pointers, mask=(rows < N)[:, None] & (columns < K)[None, :], other=0.0)
    return tile
