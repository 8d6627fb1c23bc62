"""What several kernels do in the same way: loading tiles, norms, products."""

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
def load_rows(x, rows, row_ok, stride, columns, K: tl.constexpr, COVERED: tl.constexpr):
    """A tile of rows; zero beyond the last row, and beyond K where tiles cover more than it."""
    ok = row_ok[:, None]
    if K != COVERED:
        ok = ok & (columns < K)[None, :]
    return tl.load(x + rows.to(tl.int64)[:, None] * stride + columns[None, :], mask=ok, other=0.0)


@triton.jit
def load_weight(
    w, rows, columns, N: tl.constexpr, BN: tl.constexpr, K: tl.constexpr, COVERED: tl.constexpr
):
    """A tile of rows of a weight [N, K], zero beyond it."""
    pointers = w + rows[:, None] * K + columns[None, :]
    if N % BN == 0 and K == COVERED:
        tile = tl.load(pointers)
    else:
        tile = tl.load(pointers, mask=(rows < N)[:, None] & (columns < K)[None, :], other=0.0)
    return tile


@triton.jit
def load_sums(sums, rows, row_ok, PARTS: tl.constexpr):
    """Sums of squares of rows, as PARTS parts."""
    parts = tl.arange(0, triton.next_power_of_2(PARTS))
    ok = row_ok[:, None] & (parts < PARTS)[None, :]
    return tl.load(sums + rows[:, None] * PARTS + parts[None, :], mask=ok, other=0.0)


@triton.jit
def inverse_rms(squares, K: tl.constexpr, EPS: tl.constexpr):
    """Reciprocal root mean square of rows of K values, from `load_sums`."""
    return tl.rsqrt(tl.sum(squares, 1) / K + EPS)


@triton.jit
def row_scale(sums, rows, row_ok, K: tl.constexpr, EPS: tl.constexpr, PARTS: tl.constexpr):
    """Reciprocal root mean square of rows of K values, from their PARTS sums of squares."""
    return inverse_rms(load_sums(sums, rows, row_ok, PARTS), K, EPS)
