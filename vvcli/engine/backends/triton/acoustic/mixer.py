"""The first half of an acoustic block: norm, depthwise convolution, scale and residual.

Rows are the positions of all streams one after the other: row `b·T + t` is position t of stream b.
A tile of rows may span streams; each row finds its stream and position by division.
"""

from __future__ import annotations

import triton
import triton.language as tl

from vvcli.engine.backends.triton.common.primitives import INTERPRETED

LARGEST = tl.constexpr(65504.0)  # of float16


@triton.jit
def row_scales(sums_ptr, rows, mask, C: tl.constexpr, PARTS: tl.constexpr, EPS: tl.constexpr):
    """1/sqrt(mean(x²) + eps) of some rows [M], from PARTS sums of squares of each, float32."""
    part = tl.arange(0, PARTS)
    squares = tl.load(
        sums_ptr + rows[:, None] * PARTS + part[None, :], mask=mask[:, None], other=1.0
    )
    return tl.rsqrt(tl.sum(squares, axis=1) * (1.0 / C) + EPS)


@triton.jit
def _normed(
    x_ptr, sums_ptr, rows, mask, c, C: tl.constexpr, PARTS: tl.constexpr, EPS: tl.constexpr
):
    """Some channels of normed rows, zero where `mask` is false: [M, channels] float32."""
    at = x_ptr + rows[:, None] * C + c[None, :]
    value = tl.load(at, mask=mask[:, None], other=0.0).to(tl.float32)
    if PARTS > 0:
        value *= row_scales(sums_ptr, rows, mask, C, PARTS, EPS)[:, None]
    return value


@triton.jit
def _multiply_add(x, weight, total):
    """`total + x · weight` in float16, two at a time: [M, C], [C] and [M, C]."""
    if INTERPRETED:
        total += x * weight[None, :]
    else:
        total = tl.inline_asm_elementwise(
            "fma.rn.f16x2 $0, $1, $2, $3;",
            "=r,r,r,r",
            [x, weight[None, :], total],
            dtype=tl.float16,
            is_pure=True,
            pack=2,
        )
    return total


@triton.jit
def _convolve(
    x_ptr, sums_ptr, taps_ptr, t, m, valid, c, C: tl.constexpr, PARTS: tl.constexpr,
    EPS: tl.constexpr, MASKED: tl.constexpr, UNROLL: tl.constexpr,
):  # fmt: skip
    """The sum over the seven taps, of rows of this frame only, in the type of the taps."""
    total = tl.zeros((m.shape[0], c.shape[0]), taps_ptr.dtype.element_ty)
    for k in tl.range(7, loop_unroll_factor=UNROLL):
        weight = tl.load(taps_ptr + k * C + c)
        rows = m + (k - 6)
        at = x_ptr + rows[:, None] * C + c[None, :]
        seen = valid
        if MASKED:
            seen = valid & (t + k >= 6)
            value = tl.load(at, mask=seen[:, None], other=0.0)
        else:
            value = tl.load(at)
        if total.dtype == tl.float16:
            total = _multiply_add(value, weight, total)
        elif PARTS > 0:
            scale = row_scales(sums_ptr, rows, seen, C, PARTS, EPS)
            total += value.to(tl.float32) * scale[:, None] * weight[None, :]
        else:
            total += value.to(tl.float32) * weight[None, :]
    return total


@triton.jit
def convolved_tile(
    x_ptr,
    sums_ptr,
    context_ptr,
    next_context_ptr,
    context_row_stride,
    next_context_row_stride,
    taps_ptr,
    context_taps_ptr,
    norm_ptr,
    start,
    rows,
    c,
    T: tl.constexpr,
    C: tl.constexpr,
    BLOCK_M: tl.constexpr,
    PARTS: tl.constexpr,
    EPS: tl.constexpr,
    UNROLL: tl.constexpr,
):
    """Channels `c` of rows `start …` of a convolution without bias, float32.

    `x` is [rows, C]. With PARTS its rows are normed first, and `sums` [rows, PARTS] float32 holds
    sums of squares of them. `taps` [7, C] are the convolution's weights times the norm's weight, if
    there was a norm, here or before; they are float32, or, like normed rows, float16, for two
    products per instruction. `context_taps` are those without the norm's weight, because the
    context holds inputs already multiplied by it. The context after this frame, the last six
    inputs, goes to `next_context` in every case: other tiles still read `context`.
    """
    m = start + tl.arange(0, BLOCK_M)
    t = m % T
    valid = m < rows
    first = start % T
    if (first >= 6) & (first + BLOCK_M < T):  # most tiles; a stream's last row is not in it
        total = _convolve(x_ptr, sums_ptr, taps_ptr, t, m, valid, c, C, PARTS, EPS, False, UNROLL)
        total = total.to(tl.float32)
    else:
        total = _convolve(x_ptr, sums_ptr, taps_ptr, t, m, valid, c, C, PARTS, EPS, True, UNROLL)
        total = total.to(tl.float32)
        stream = (m // T).to(tl.int64)
        last = valid & (t == T - 1)
        old = context_ptr + stream[:, None] * context_row_stride + c[None, :]
        new = next_context_ptr + stream[:, None] * next_context_row_stride + c[None, :]
        for k in tl.range(7, loop_unroll_factor=UNROLL if BLOCK_M <= 16 else 1):
            before = valid & (t + k < 6)
            past = tl.load(old + (t + k)[:, None] * C, mask=before[:, None], other=0.0)
            past = past.to(tl.float32)
            total += past * tl.load(context_taps_ptr + k * C + c)[None, :]
            # All but the oldest input of the last row are the next frame's context.
            inside = last & (t + k >= 6)
            present = _normed(x_ptr, sums_ptr, m + (k - 6), inside, c, C, PARTS, EPS)
            past += present if norm_ptr is None else present * tl.load(norm_ptr + c)[None, :]
            kept = (last & (k > 0))[:, None]
            tl.store(new + (k - 1) * C, past.to(tl.bfloat16), mask=kept)
    return total


@triton.jit(do_not_specialize=["rows"])
def mixer_kernel(
    x_ptr,
    sums_ptr,
    context_ptr,
    next_context_ptr,
    context_row_stride,
    next_context_row_stride,
    taps_ptr,
    context_taps_ptr,
    shift_ptr,
    norm_ptr,
    mixed_out_ptr,
    scaled_out_ptr,
    squares_out_ptr,
    rows,
    T: tl.constexpr,
    C: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_C: tl.constexpr,
    PARTS: tl.constexpr,
    EPS: tl.constexpr,
    UNROLL: tl.constexpr,
):
    """A tile of the mixer's output, bfloat16, and scaled for the next product, float16.

    Grid (row tiles, C / BLOCK_C). See `store_mixed` for the last two outputs.
    """
    start = tl.program_id(0) * BLOCK_M
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    mixed = convolved_tile(
        x_ptr, sums_ptr, context_ptr, next_context_ptr, context_row_stride, next_context_row_stride,
        taps_ptr, context_taps_ptr, norm_ptr, start, rows, c, T, C, BLOCK_M, PARTS, EPS, UNROLL,
    )  # fmt: skip
    m = start + tl.arange(0, BLOCK_M)
    valid = m < rows
    scale = row_scales(sums_ptr, m, valid, C, PARTS, EPS)
    here = tl.load(x_ptr + m[:, None] * C + c[None, :], mask=valid[:, None], other=0.0)
    mixed += here.to(tl.float32) + tl.load(shift_ptr + c)[None, :]
    store_mixed(
        mixed, scale, m, valid, c, mixed_out_ptr, scaled_out_ptr, squares_out_ptr, C, BLOCK_C, EPS
    )


@triton.jit
def store_mixed(
    mixed, scale, m, valid, c, mixed_out_ptr, scaled_out_ptr, squares_out_ptr, C: tl.constexpr,
    BLOCK_C: tl.constexpr, EPS: tl.constexpr,
):  # fmt: skip
    """Store a tile of the mixer's output as it is, and ready for a product.

    A program does not know the root mean square of whole rows, so `scaled_out` is divided by that
    of the mixer's input, which brings it near enough to one for float16. `squares_out` [rows,
    C / BLOCK_C] gets numbers that sum to the mean square (and eps) of the scaled row.
    """
    at = m[:, None] * C + c[None, :]
    tl.store(mixed_out_ptr + at, mixed.to(tl.bfloat16), mask=valid[:, None])
    scaled = tl.clamp(mixed * scale[:, None], -LARGEST, LARGEST)
    tl.store(scaled_out_ptr + at, scaled.to(tl.float16), mask=valid[:, None])
    squares = tl.sum(scaled * scaled, axis=1) * (1.0 / C) + (EPS * BLOCK_C / C) * scale * scale
    at = m * (C // BLOCK_C) + tl.program_id(1)
    tl.store(squares_out_ptr + at, squares, mask=valid)
