"""The first half of an acoustic block: norm, depthwise convolution, scale and residual.

Rows are the positions of all streams one after the other: row `b·T + t` is position t of stream b.
A tile of rows may span streams; each row finds its stream and position by division.
"""

from __future__ import annotations

import triton
import triton.language as tl

from vvcli.engine.backends.triton.common.primitives import INTERPRETED


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
def load_rows(x_ptr, start, rows, c, C: tl.constexpr, BLOCK_M: tl.constexpr):
    """Channels `c` of BLOCK_M rows `start …` of `x` [rows, C], zero beyond the last."""
    m = start + tl.arange(0, BLOCK_M)
    return tl.load(x_ptr + m[:, None] * C + c[None, :], mask=(m < rows)[:, None], other=0.0)


@triton.jit
def _add_tap(value, taps_ptr, k, c, total, C: tl.constexpr):
    weight = tl.load(taps_ptr + k * C + c)
    if total.dtype == tl.float16:
        total = _multiply_add(value, weight, total)
    else:
        total += value.to(tl.float32) * weight[None, :]
    return total


@triton.jit
def _convolve(
    x_ptr, own, taps_ptr, t, m, valid, c, C: tl.constexpr, MASKED: tl.constexpr,
    UNROLL: tl.constexpr,
):  # fmt: skip
    """The sum over the seven taps, of rows of this frame only, in the type of the taps."""
    total = tl.zeros((m.shape[0], c.shape[0]), taps_ptr.dtype.element_ty)
    for k in tl.range(7 if own is None else 6, loop_unroll_factor=UNROLL):
        at = x_ptr + (m + (k - 6))[:, None] * C + c[None, :]
        if MASKED:
            seen = valid & (t + k >= 6)
            value = tl.load(at, mask=seen[:, None], other=0.0)
        else:
            value = tl.load(at)
        total = _add_tap(value, taps_ptr, k, c, total, C)
    if own is not None:
        total = _add_tap(own, taps_ptr, 6, c, total, C)
    return total


@triton.jit
def convolved_tile(
    x_ptr,
    own,
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
    UNROLL: tl.constexpr,
):
    """Channels `c` of rows `start …` of a convolution without bias, float32.

    `x` is [rows, C], and `own` those rows of it, if they have been loaded. `taps` [7, C] are the
    convolution's weights times the norm's weight, if `x` was normed; they are float32, or, like
    normed rows, float16, for two products per instruction. `context_taps` are those without the
    norm's weight: the context holds inputs already multiplied by it. The context after this frame,
    the last six inputs, goes to `next_context` in every case: other tiles still read `context`.
    """
    m = start + tl.arange(0, BLOCK_M)
    t = m % T
    valid = m < rows
    first = start % T
    if (first >= 6) & (first + BLOCK_M < T):  # most tiles; a stream's last row is not in it
        total = _convolve(x_ptr, own, taps_ptr, t, m, valid, c, C, False, UNROLL)
        total = total.to(tl.float32)
    else:
        total = _convolve(x_ptr, own, taps_ptr, t, m, valid, c, C, True, UNROLL)
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
            at = x_ptr + (m + (k - 6))[:, None] * C + c[None, :]
            present = tl.load(at, mask=inside[:, None], other=0.0).to(tl.float32)
            past += present if norm_ptr is None else present * tl.load(norm_ptr + c)[None, :]
            kept = (last & (k > 0))[:, None]
            tl.store(new + (k - 1) * C, past.to(tl.bfloat16), mask=kept)
    return total
