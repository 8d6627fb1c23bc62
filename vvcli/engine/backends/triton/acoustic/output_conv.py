"""The last convolution, to samples, and the commit of the contexts a frame leaves behind."""

from __future__ import annotations

import triton
import triton.language as tl

from vvcli.engine.backends.triton.acoustic.mixer import convolved_tile


@triton.jit(do_not_specialize=["rows"])
def head_kernel(
    x_ptr,
    weight_ptr,
    bias_ptr,
    context_ptr,
    next_context_ptr,
    context_row_stride,
    next_context_row_stride,
    samples_ptr,
    rows,
    T: tl.constexpr,
    C: tl.constexpr,
    BLOCK_M: tl.constexpr,
):
    """`samples` [rows] float32: kernel 7 over the rows of `x` [rows, C]; `weight` is [7, C]."""
    start = tl.program_id(0) * BLOCK_M
    total = convolved_tile(
        x_ptr, None, context_ptr, next_context_ptr, context_row_stride, next_context_row_stride,
        weight_ptr, weight_ptr, None, start, rows, tl.arange(0, C), T, C, BLOCK_M, 7,
    )  # fmt: skip
    m = start + tl.arange(0, BLOCK_M)
    tl.store(
        samples_ptr + m, tl.sum(total, axis=1) + tl.load(bias_ptr).to(tl.float32), mask=m < rows
    )


@triton.jit
def commit_kernel(
    next_context_ptr,
    context_ptr,
    next_context_row_stride,
    context_row_stride,
    active_mask_ptr,
    size,
    FIRST: tl.constexpr,
    END: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Copy `next_context` [B, size] over `context` where `active_mask` [B] uint8 is not zero.

    Numbers FIRST … END - 1 have been updated in place and stay.
    """
    stream = tl.program_id(1).to(tl.int64)
    part = tl.program_id(0)
    BEFORE: tl.constexpr = (FIRST + BLOCK - 1) // BLOCK
    i = part * BLOCK + tl.arange(0, BLOCK)
    if part >= BEFORE:
        i += END - BEFORE * BLOCK
    limit = tl.where(part < BEFORE, FIRST, size)
    mask = (i < limit) & (tl.load(active_mask_ptr + stream) != 0)
    value = tl.load(next_context_ptr + stream * next_context_row_stride + i, mask=mask)
    tl.store(context_ptr + stream * context_row_stride + i, value, mask=mask)
