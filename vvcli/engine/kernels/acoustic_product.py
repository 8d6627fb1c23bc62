"""Matrix products of the wide stages, with what follows them done on the accumulator."""

from __future__ import annotations

import triton
import triton.language as tl

from vvcli.engine.kernels.acoustic_gelu import gelu_half
from vvcli.engine.kernels.blocks import dot


@triton.jit
def _tile_of(program, row_tiles, column_tiles: tl.constexpr, GROUP: tl.constexpr):
    """Which tile a program makes: columns first within groups of GROUP row tiles, for the L2."""
    per_group = GROUP * column_tiles
    first = program // per_group * GROUP
    height = tl.minimum(row_tiles - first, GROUP)
    within = program % per_group
    return first + within % height, within // height


@triton.jit(do_not_specialize=["rows"])
def feed_forward_kernel(
    x,
    weight,
    bias,
    residual,
    gain,
    y,
    rows,
    N: tl.constexpr,
    K: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_K: tl.constexpr,
    GROUP: tl.constexpr,
    FIRST: tl.constexpr,
):
    """One of the two products of a block: `x` [rows, K] float16 by `weight` [N, K] float16.

    The first gives `gelu(x·W + bias)` as float16, the second `residual + (x·W + bias) / gain` as
    bfloat16, where `weight` and `bias` hold ffn_gamma times `gain`.
    """
    row_tile, column_tile = _tile_of(
        tl.program_id(0), tl.cdiv(rows, BLOCK_ROWS), N // BLOCK_N, GROUP
    )
    m = row_tile * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    n = column_tile * BLOCK_N + tl.arange(0, BLOCK_N)
    k = tl.arange(0, BLOCK_K)
    valid = (m < rows)[:, None]
    x_at = x + m[:, None] * K + k[None, :]
    weight_at = weight + n[None, :] * K + k[:, None]
    total = tl.zeros((BLOCK_ROWS, BLOCK_N), tl.float32)
    for _ in range(0, K, BLOCK_K):
        total = tl.dot(tl.load(x_at, mask=valid, other=0.0), tl.load(weight_at), total)
        x_at += BLOCK_K
        weight_at += BLOCK_K
    at = m[:, None] * N + n[None, :]
    if FIRST:
        tl.store(y + at, gelu_half(total, tl.load(bias + n)), mask=valid)
    else:
        before = tl.load(residual + at, mask=valid, other=0.0).to(tl.float32)
        total = before + (total + tl.load(bias + n)[None, :]) / gain
        tl.store(y + at, total.to(tl.bfloat16), mask=valid)


@triton.jit(do_not_specialize=["rows"])
def window_kernel(
    x,
    weight,
    bias,
    context,
    following,
    context_stride,
    following_stride,
    y,
    scales_out,
    rows,
    T: tl.constexpr,
    N: tl.constexpr,
    PAST: tl.constexpr,
    WIDTH: tl.constexpr,
    CHANNELS: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_K: tl.constexpr,
    GROUP: tl.constexpr,
    EPS: tl.constexpr,
    SCALED: tl.constexpr,
):
    """A convolution as a product: row t sees PAST numbers before it and its own WIDTH numbers.

    Those PAST numbers lie right before the row in `x` [rows, WIDTH], but for a stream's first row,
    whose past is `context`. (With PAST > WIDTH, T has to be 1.) `weight` is [N, PAST + WIDTH], all
    bfloat16; the N outputs of a row are N / CHANNELS positions of `y`, one after the other, and
    `bias` [CHANNELS] is the same for each. With SCALED, the inverse RMS of each position of `y`
    goes to `scales_out`; then a tile holds whole positions.
    """
    K: tl.constexpr = PAST + WIDTH
    row_tile, column_tile = _tile_of(
        tl.program_id(0), tl.cdiv(rows, BLOCK_ROWS), N // BLOCK_N, GROUP
    )
    m = row_tile * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    n = column_tile * BLOCK_N + tl.arange(0, BLOCK_N)
    k = tl.arange(0, BLOCK_K)
    stream = (m // T).to(tl.int64)
    start = m % T == 0
    valid = (m < rows)[:, None]
    inside = x + m * WIDTH - PAST
    outside = context + stream * context_stride
    weight_at = weight + n[None, :] * K + k[:, None]
    total = tl.zeros((BLOCK_ROWS, BLOCK_N), tl.float32)
    for i in range(0, K, BLOCK_K):
        source = tl.where(start & (i < PAST), outside, inside)
        window = tl.load(source[:, None] + (i + k)[None, :], mask=valid, other=0.0)
        total = dot(window, tl.load(weight_at), total)
        weight_at += BLOCK_K

    if column_tile == 0:  # the last row's window, less its oldest input
        last = valid & (m % T == T - 1)[:, None]
        new = following + stream * following_stride - WIDTH
        for i in range(WIDTH, K, BLOCK_K):
            source = tl.where(start & (i < PAST), outside, inside)
            window = tl.load(source[:, None] + (i + k)[None, :], mask=last)
            tl.store(new[:, None] + (i + k)[None, :], window, mask=last)

    out = (total + tl.load(bias + n % CHANNELS)[None, :].to(tl.float32)).to(tl.bfloat16)
    tl.store(y + m[:, None] * N + n[None, :], out, mask=valid)
    if SCALED:
        POSITIONS: tl.constexpr = BLOCK_N // CHANNELS
        squares = out.to(tl.float32) * out.to(tl.float32)
        squares = tl.reshape(squares, (BLOCK_ROWS, POSITIONS, CHANNELS))
        scales = tl.rsqrt(tl.sum(squares, axis=2) / CHANNELS + EPS)
        position = column_tile * POSITIONS + tl.arange(0, POSITIONS)
        tl.store(scales_out + m[:, None] * (N // CHANNELS) + position[None, :], scales, mask=valid)
