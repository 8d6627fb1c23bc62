"""The first half of an acoustic block: norm, depthwise convolution, scale and residual.

Rows are the positions of all streams one after the other: row `b·T + t` is position t of stream b.
A tile of rows may span streams; each row finds its stream and position by division.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def inverse_rms(x, C: tl.constexpr, EPS: tl.constexpr):
    """1/sqrt(mean(x²) + eps) of each row of `x` [M, C] float32: [M]."""
    return tl.rsqrt(tl.sum(x * x, axis=1) / C + EPS)


@triton.jit
def _normed(x, scales, rows, mask, c, C: tl.constexpr, EPS: tl.constexpr, SCALED: tl.constexpr):
    """Rows of `x` over their root mean square, zero where `mask` is false: [M, C] float32."""
    value = tl.load(x + rows[:, None] * C + c[None, :], mask=mask[:, None], other=0.0)
    value = value.to(tl.float32)
    scale = tl.load(scales + rows, mask=mask, other=0.0) if SCALED else inverse_rms(value, C, EPS)
    return value * scale[:, None]


@triton.jit
def mixed_tile(
    x,
    scales,
    context,
    following,
    context_stride,
    following_stride,
    taps,
    carried_taps,
    shift,
    norm,
    start,
    rows,
    T: tl.constexpr,
    C: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    EPS: tl.constexpr,
    SCALED: tl.constexpr,
):
    """Rows `start …` of `x + gamma · conv(norm(x))`, [BLOCK_ROWS, C] float32.

    `x` is [rows, C] bfloat16. `scales` [rows] float32 holds the inverse RMS of each row, if SCALED;
    otherwise it is computed here. `taps` [7, C] float32 are the convolution's weights times gamma
    and the norm's weight, `carried_taps` those without the norm's weight, because the context holds
    inputs already multiplied by it. `shift` is gamma times the bias. The context after this frame,
    the last six normed inputs, goes to `following` in every case: other tiles still read `context`.
    """
    c = tl.arange(0, C)
    m = start + tl.arange(0, BLOCK_ROWS)
    t = m % T
    stream = m // T
    valid = m < rows
    here = tl.load(x + m[:, None] * C + c[None, :], mask=valid[:, None], other=0.0).to(tl.float32)
    mixed = here + tl.load(shift + c)[None, :]
    scale = tl.load(scales + m, mask=valid, other=0.0) if SCALED else inverse_rms(here, C, EPS)
    normed = here * scale[:, None]
    mixed += normed * tl.load(taps + 6 * C + c)[None, :]
    if T > 1:
        for k in range(6):  # unrolled, it would keep all seven rows in registers
            within = valid & (t + k >= 6)
            row = _normed(x, scales, m + (k - 6), within, c, C, EPS, SCALED)
            mixed += row * tl.load(taps + k * C + c)[None, :]

    # The rare tiles at a stream's first or last rows; kept apart so that the others run straight.
    first = start % T
    if (first < 6) | (first + BLOCK_ROWS >= T):
        weight = tl.load(norm + c)[None, :]
        last = valid & (t == T - 1)
        old = context + stream.to(tl.int64)[:, None] * context_stride + c[None, :]
        new = following + stream.to(tl.int64)[:, None] * following_stride + c[None, :]
        tl.store(new + 5 * C, (normed * weight).to(tl.bfloat16), mask=last[:, None])
        for k in range(6):
            before = valid & (t + k < 6)
            past = tl.load(old + (t + k)[:, None] * C, mask=before[:, None], other=0.0)
            past = past.to(tl.float32)
            mixed += past * tl.load(carried_taps + k * C + c)[None, :]
            # What the last row sees after its oldest input is the next frame's context.
            inside = last & (t + k >= 6)
            past += _normed(x, scales, m + (k - 6), inside, c, C, EPS, SCALED) * weight
            kept = (last & (k > 0))[:, None]
            tl.store(new + (k - 1) * C, past.to(tl.bfloat16), mask=kept)
    return mixed


@triton.jit(do_not_specialize=["rows"])
def mixer_kernel(
    x,
    context,
    following,
    context_stride,
    following_stride,
    taps,
    carried_taps,
    shift,
    norm,
    mixed_out,
    normed_out,
    rows,
    T: tl.constexpr,
    C: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    EPS: tl.constexpr,
):
    """Write a tile of the mixer's output, bfloat16, and of it normed without weight, float16."""
    start = tl.program_id(0) * BLOCK_ROWS
    mixed = mixed_tile(
        x, x, context, following, context_stride, following_stride, taps, carried_taps, shift,
        norm, start, rows, T, C, BLOCK_ROWS, EPS, False,
    )  # fmt: skip
    m = start + tl.arange(0, BLOCK_ROWS)
    at = m[:, None] * C + tl.arange(0, C)[None, :]
    mask = (m < rows)[:, None]
    tl.store(mixed_out + at, mixed.to(tl.bfloat16), mask=mask)
    normed = mixed * inverse_rms(mixed, C, EPS)[:, None]
    tl.store(normed_out + at, normed.to(tl.float16), mask=mask)
