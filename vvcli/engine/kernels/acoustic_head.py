"""The last convolution, to samples, and the commit of the contexts a frame leaves behind."""

from __future__ import annotations

import triton
import triton.language as tl


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
    c = tl.arange(0, C)
    m = start + tl.arange(0, BLOCK_ROWS)
    t = m % T
    stream = (m // T).to(tl.int64)
    valid = m < rows
    total = tl.zeros((BLOCK_ROWS, C), tl.float32)
    for k in tl.static_range(7):
        within = (valid & (t + k >= 6))[:, None]
        value = tl.load(x + (m + (k - 6))[:, None] * C + c[None, :], mask=within, other=0.0)
        total += value.to(tl.float32) * tl.load(weight + k * C + c)[None, :].to(tl.float32)
    first = start % T
    if (first < 6) | (first + BLOCK_ROWS >= T):
        last = valid & (t == T - 1)
        old = context + stream[:, None] * context_stride + c[None, :]
        new = following + stream[:, None] * following_stride + c[None, :]
        for k in tl.static_range(7):
            before = (valid & (t + k < 6))[:, None]
            past = tl.load(old + (t + k)[:, None] * C, mask=before, other=0.0).to(tl.float32)
            if k < 6:
                total += past * tl.load(weight + k * C + c)[None, :].to(tl.float32)
            if k > 0:  # what the last row sees is what the next frame's first row will
                within = (last & (t + k >= 6))[:, None]
                at = x + (m + (k - 6))[:, None] * C + c[None, :]
                past += tl.load(at, mask=within, other=0.0).to(tl.float32)
                tl.store(new + (k - 1) * C, past.to(tl.bfloat16), mask=last[:, None])
    tl.store(samples + m, tl.sum(total, axis=1) + tl.load(bias).to(tl.float32), mask=valid)


@triton.jit
def commit_kernel(
    following,
    context,
    following_stride,
    context_stride,
    runs,
    size,
    BLOCK: tl.constexpr,
):
    """Copy `following` [B, size] over `context` in the rows that run; `runs` is [B] uint8."""
    stream = tl.program_id(1).to(tl.int64)
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = (i < size) & (tl.load(runs + stream) != 0)
    value = tl.load(following + stream * following_stride + i, mask=mask)
    tl.store(context + stream * context_stride + i, value, mask=mask)
