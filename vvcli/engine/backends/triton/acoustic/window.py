"""Dense convolutions as matrix products over windows of rows."""

from __future__ import annotations

import triton
import triton.language as tl

from vvcli.engine.backends.triton.acoustic.feed_forward import tile_of
from vvcli.engine.backends.triton.common.primitives import dot


@triton.jit(do_not_specialize=["rows"])
def window_kernel(
    x_ptr,
    weight_ptr,
    bias_ptr,
    context_ptr,
    next_context_ptr,
    context_row_stride,
    next_context_row_stride,
    y_ptr,
    rms_out_ptr,
    rows,
    T: tl.constexpr,
    N: tl.constexpr,
    PAST: tl.constexpr,
    WIDTH: tl.constexpr,
    CHANNELS: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_K: tl.constexpr,
    GROUP: tl.constexpr,
    EPS: tl.constexpr,
    NORMED: tl.constexpr,
):
    """A convolution as a product: row t sees PAST numbers before it and its own WIDTH numbers.

    Those PAST numbers lie right before the row in `x` [rows, WIDTH], but for a stream's first row,
    whose past is `context`. (With PAST > WIDTH, T has to be 1.) `weight` is [N, PAST + WIDTH], all
    bfloat16; the N outputs of a row are N / CHANNELS positions of `y`, one after the other, and
    `bias` [CHANNELS] is the same for each. `y` is bfloat16; if NORMED, tiles hold whole positions,
    `y` is divided by their root mean square and float16, and `rms_out` gets that.
    """
    K: tl.constexpr = PAST + WIDTH
    row_tile, column_tile = tile_of(tl.program_id(0), tl.cdiv(rows, BLOCK_M), N // BLOCK_N, GROUP)
    m = row_tile * BLOCK_M + tl.arange(0, BLOCK_M)
    n = column_tile * BLOCK_N + tl.arange(0, BLOCK_N)
    k = tl.arange(0, BLOCK_K)
    stream = (m // T).to(tl.int64)
    start = m % T == 0
    valid = (m < rows)[:, None]
    inside = x_ptr + m * WIDTH - PAST
    outside = context_ptr + stream * context_row_stride
    weight_at = weight_ptr + n[None, :] * K + k[:, None]
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for i in range(0, K, BLOCK_K):
        source = tl.where(start & (i < PAST), outside, inside)
        window = tl.load(source[:, None] + (i + k)[None, :], mask=valid, other=0.0)
        total = dot(window, tl.load(weight_at), total)
        weight_at += BLOCK_K

    if column_tile == 0:  # the last row's window, less its oldest input
        last = valid & (m % T == T - 1)[:, None]
        new = next_context_ptr + stream * next_context_row_stride - WIDTH
        for i in range(WIDTH, K, BLOCK_K):
            source = tl.where(start & (i < PAST), outside, inside)
            window = tl.load(source[:, None] + (i + k)[None, :], mask=last)
            tl.store(new[:, None] + (i + k)[None, :], window, mask=last)

    total += tl.load(bias_ptr + n % CHANNELS)[None, :].to(tl.float32)
    out = total.to(tl.bfloat16)
    if NORMED:
        POSITIONS: tl.constexpr = BLOCK_N // CHANNELS
        positions = tl.reshape(total, (BLOCK_M, POSITIONS, CHANNELS))
        power = tl.sum(positions * positions, axis=2) * (1.0 / CHANNELS) + EPS
        scale = tl.rsqrt(power)
        out = tl.reshape(positions * scale[:, :, None], (BLOCK_M, BLOCK_N)).to(tl.float16)
        at = m[:, None] * (N // CHANNELS)
        at += (column_tile * POSITIONS + tl.arange(0, POSITIONS))[None, :]
        tl.store(rms_out_ptr + at, power * scale, mask=valid)
    tl.store(y_ptr + m[:, None] * N + n[None, :], out, mask=valid)
