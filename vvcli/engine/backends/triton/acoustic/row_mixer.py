"""The first half of a wide block: norm, depthwise convolution, scale and residual, by whole rows.

A program goes through positions of one stream, one after the other, and keeps the six before in
registers: a row is read once and normed once, and the norm after the convolution is known at once.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _load(x_ptr, delta_ptr, row, ok, c, C: tl.constexpr):
    """The two parts of a row of the block's input, [C] each; the second may be missing."""
    at = row.to(tl.int64) * C + c
    x = tl.load(x_ptr + at, mask=(c >= 0) & ok, other=0.0)
    delta = x
    if delta_ptr is not None:
        delta = tl.load(delta_ptr + at, mask=(c >= 0) & ok, other=0.0)
    return x, delta


@triton.jit
def _sum(x, delta, delta_ptr, delta_scale):
    """A row of the block's input from its parts, [C] float32."""
    value = x.to(tl.float32)
    if delta_ptr is not None:
        value += delta.to(tl.float32) * delta_scale
    return value


@triton.jit
def _scale(value, EPS: tl.constexpr):
    """1/sqrt(mean(x²) + eps) of a row."""
    return tl.rsqrt(tl.sum(value * value, axis=0) * (1.0 / value.shape[0]) + EPS)


@triton.jit
def _past(
    x_ptr, delta_ptr, delta_scale, context_ptr, norm, row, first, k: tl.constexpr, c,
    C: tl.constexpr, EPS: tl.constexpr,
):  # fmt: skip
    """The normed row `6 - k` positions before `first`, from the context or from this frame."""
    if first == 0:
        value = tl.load(context_ptr + k * C + c).to(tl.float32)
    else:
        x, delta = _load(x_ptr, delta_ptr, row + (first + k - 6), True, c, C)
        value = _sum(x, delta, delta_ptr, delta_scale)
        value = value * _scale(value, EPS) * norm
    return value


@triton.jit(do_not_specialize=["chunk"])
def row_mixer_kernel(
    x_ptr,
    delta_ptr,
    delta_scale,
    context_ptr,
    next_context_ptr,
    context_row_stride,
    next_context_row_stride,
    active_mask_ptr,
    taps_ptr,
    shift_ptr,
    norm_ptr,
    shift2_ptr,
    mixed_out_ptr,
    normed_out_ptr,
    chunk,
    T: tl.constexpr,
    C: tl.constexpr,
    EPS: tl.constexpr,
):
    """`mixed = x + conv(x / rms(x) · norm) + shift` and `mixed / rms(mixed)`, both [rows, C].

    Grid (streams, chunks): a program has `chunk` of a stream's T rows, six at least if there are
    several chunks. Its input is `x` bfloat16, plus, if there is one, `delta` float16 times
    `delta_scale`. `mixed_out` bfloat16 takes in `shift2` too, for the product to come;
    `normed_out` is float16. `taps` [7, C] and the other weights [C] are float32.

    The context holds inputs multiplied by `norm`. What it is after this frame goes to
    `next_context`; with `active_mask` [streams] uint8, T is 1, that is the context itself, and it
    moves on where the mask says so: nobody else reads it.
    """
    stream = tl.program_id(0)
    first = tl.program_id(1) * chunk
    row = stream * T
    c = tl.arange(0, C)
    old = context_ptr + stream.to(tl.int64) * context_row_stride
    new = next_context_ptr + stream.to(tl.int64) * next_context_row_stride + c
    norm = tl.load(norm_ptr + c)
    shift = tl.load(shift_ptr + c)
    shift2 = tl.load(shift2_ptr + c)
    tap0, tap1, tap2 = (
        tl.load(taps_ptr + c),
        tl.load(taps_ptr + C + c),
        tl.load(taps_ptr + 2 * C + c),
    )
    tap3, tap4 = tl.load(taps_ptr + 3 * C + c), tl.load(taps_ptr + 4 * C + c)
    tap5, tap6 = tl.load(taps_ptr + 5 * C + c), tl.load(taps_ptr + 6 * C + c)
    w0 = _past(x_ptr, delta_ptr, delta_scale, old, norm, row, first, 0, c, C, EPS)
    w1 = _past(x_ptr, delta_ptr, delta_scale, old, norm, row, first, 1, c, C, EPS)
    w2 = _past(x_ptr, delta_ptr, delta_scale, old, norm, row, first, 2, c, C, EPS)
    w3 = _past(x_ptr, delta_ptr, delta_scale, old, norm, row, first, 3, c, C, EPS)
    w4 = _past(x_ptr, delta_ptr, delta_scale, old, norm, row, first, 4, c, C, EPS)
    w5 = _past(x_ptr, delta_ptr, delta_scale, old, norm, row, first, 5, c, C, EPS)
    moves = c >= 0
    if active_mask_ptr is not None:
        moves = moves & (tl.load(active_mask_ptr + stream) != 0)
        tl.debug_barrier()  # every thread has read the context
    if T < 6:
        past = (w0, w1, w2, w3, w4, w5)
        for k in tl.static_range(6 - T):
            tl.store(new + k * C, past[k + T].to(tl.bfloat16), mask=moves)
    end = tl.minimum(first + chunk, T)
    # Two rows are on their way while one is worked on.
    x, delta = _load(x_ptr, delta_ptr, row + first, True, c, C)
    x1, delta1 = _load(x_ptr, delta_ptr, row + first + 1, first + 1 < end, c, C)
    for t in range(first, end):
        x2, delta2 = _load(x_ptr, delta_ptr, row + t + 2, t + 2 < end, c, C)
        here = _sum(x, delta, delta_ptr, delta_scale)
        value = here * _scale(here, EPS) * norm
        mixed = here + shift + w0 * tap0 + w1 * tap1 + w2 * tap2 + w3 * tap3
        mixed += w4 * tap4 + w5 * tap5 + value * tap6
        at = (row + t).to(tl.int64) * C + c
        tl.store(mixed_out_ptr + at, (mixed + shift2).to(tl.bfloat16))
        tl.store(normed_out_ptr + at, (mixed * _scale(mixed, EPS)).to(tl.float16))
        tl.store(new + (t + 6 - T) * C, value.to(tl.bfloat16), mask=moves & (t + 6 >= T))
        w0, w1, w2, w3, w4, w5 = w1, w2, w3, w4, w5, value
        x, delta, x1, delta1 = x1, delta1, x2, delta2


@triton.jit
def join_kernel(x_ptr, delta_ptr, delta_scale, y_ptr, size, BLOCK: tl.constexpr):
    """`y = x + delta · delta_scale` of `size` numbers, bfloat16; `delta` is float16."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    value = tl.load(x_ptr + i, mask=i < size, other=0.0).to(tl.float32)
    value += tl.load(delta_ptr + i, mask=i < size, other=0.0).to(tl.float32) * delta_scale
    tl.store(y_ptr + i, value.to(tl.bfloat16), mask=i < size)
