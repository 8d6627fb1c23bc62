"""The last convolution, to samples, and the commit of the contexts a frame leaves behind."""

from __future__ import annotations

import triton
import triton.language as tl

from vvcli.engine.backends.triton.acoustic.mixer import convolved_tile


@triton.jit(do_not_specialize=["rows"])
def head_kernel(
    x,
    weight,
    bias,
    context,
    following,
    context_stride,
    following_stride,
    samples,
    rows,
    T: tl.constexpr,
    C: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
):
    """`samples` [rows] float32: kernel 7 over the rows of `x` [rows, C]; `weight` is [7, C]."""
    start = tl.program_id(0) * BLOCK_ROWS
    total = convolved_tile(
        x, None, context, following, context_stride, following_stride, weight, weight, None, start,
        rows, tl.arange(0, C), T, C, BLOCK_ROWS, 0, 0.0, 7,
    )  # fmt: skip
    m = start + tl.arange(0, BLOCK_ROWS)
    tl.store(samples + m, tl.sum(total, axis=1) + tl.load(bias).to(tl.float32), mask=m < rows)


@triton.jit
def commit_kernel(
    following,
    context,
    following_stride,
    context_stride,
    runs,
    size,
    FIRST: tl.constexpr,
    END: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Copy `following` [B, size] over `context` in the rows that run; `runs` is [B] uint8.

    Numbers FIRST … END - 1 have moved on already and stay.
    """
    stream = tl.program_id(1).to(tl.int64)
    part = tl.program_id(0)
    BEFORE: tl.constexpr = (FIRST + BLOCK - 1) // BLOCK
    i = part * BLOCK + tl.arange(0, BLOCK)
    if part >= BEFORE:
        i += END - BEFORE * BLOCK
    limit = tl.where(part < BEFORE, FIRST, size)
    mask = (i < limit) & (tl.load(runs + stream) != 0)
    value = tl.load(following + stream * following_stride + i, mask=mask)
    tl.store(context + stream * context_stride + i, value, mask=mask)
