"""What several kernels do in the same way: loading tiles, norms, products."""

from __future__ import annotations

import os

import triton
import triton.language as tl
from triton.language.extra import cuda as tl_cuda

INTERPRETED = tl.constexpr(os.environ.get("TRITON_INTERPRET") == "1")


@triton.jit
def dot(a, b, acc):
    """`acc + a @ b`; the interpreter has no bfloat16 product."""
    if INTERPRETED:
        a = a.to(tl.float32)
        b = b.to(tl.float32)
    return tl.dot(a, b, acc)


@triton.jit
def wait():
    """Let the next kernel start, then wait until the one before has written everything.

    In a launch that overlaps its predecessor (a programmatic dependent one), starting up and the
    weights' way into the L2 cache take no time of their own. Before this call a kernel may only
    touch weights.
    """
    tl_cuda.gdc_launch_dependents()
    tl_cuda.gdc_wait()


@triton.jit
def prefetch(w, rows, first, N: tl.constexpr, K: tl.constexpr, DEPTH: tl.constexpr):
    """Ask for columns first … first + DEPTH of some rows of a weight [N, K] in the L2 cache."""
    LINE: tl.constexpr = 64  # 128 bytes
    lines = first + tl.arange(0, triton.next_power_of_2(triton.cdiv(DEPTH, LINE))) * LINE
    pointers = w + tl.minimum(rows, N - 1)[:, None] * K + tl.minimum(lines, K - 1)[None, :]
    tl.inline_asm_elementwise(
        "prefetch.global.L2 [$1]; mov.u32 $0, 0;",
        "=r,l",
        [pointers],
        dtype=tl.int32,
        is_pure=False,
        pack=1,
    )


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
def load_columns(
    w, rows, columns, end, WHOLE: tl.constexpr, K: tl.constexpr, COVERED: tl.constexpr
):
    """A tile of rows of a weight with K columns, zero from row `end` on unless it is WHOLE."""
    pointers = w + rows[:, None] * K + columns[None, :]
    if WHOLE and K == COVERED:
        tile = tl.load(pointers)
    else:
        tile = tl.load(pointers, mask=(rows < end)[:, None] & (columns < K)[None, :], other=0.0)
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
