"""A whole acoustic block of a narrow stage as one kernel: activations are read and written once.

They lie normed, in float16, beside the root mean square of each row: so the convolution takes two
channels per instruction, and nothing is normed seven times. After the mixer, a tile of rows stays
in registers through the feed-forward part, which runs over slices of the hidden layer as flash
attention runs over keys: product, GELU, product, accumulate.
"""

from __future__ import annotations

import triton
import triton.language as tl

from vvcli.engine.backends.triton.acoustic.gelu import gelu_of_twice
from vvcli.engine.backends.triton.acoustic.mixer import convolved_tile, load_rows


@triton.jit
def _slice(weight1_ptr, bias1_ptr, weight2_ptr, h, c, C: tl.constexpr):
    """Hidden channels `h` of the feed-forward part: [C, hidden], [hidden] and [hidden, C]."""
    up = tl.load(weight1_ptr + h[None, :] * C + c[:, None])
    down = tl.load(weight2_ptr + c[None, :] * (4 * C) + h[:, None])
    return up, tl.load(bias1_ptr + h), down


@triton.jit(do_not_specialize=["rows"])
def block_kernel(
    x_ptr,
    row_rms_ptr,
    context_ptr,
    next_context_ptr,
    context_row_stride,
    next_context_row_stride,
    taps_ptr,
    context_taps_ptr,
    inverse_taps_scale,
    shift_ptr,
    norm_ptr,
    weight1_ptr,
    bias1_ptr,
    weight2_ptr,
    bias2_ptr,
    fp16_scale,
    inverse_fp16_scale,
    y_ptr,
    row_rms_out_ptr,
    rows,
    T: tl.constexpr,
    C: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_HIDDEN: tl.constexpr,
    UNROLL: tl.constexpr,
    KEEP: tl.constexpr,
    SEVERAL: tl.constexpr,
    EPS: tl.constexpr,
):
    """`y` [rows, C] is the block of `x` [rows, C] float16 times `row_rms` [rows] float32.

    It is float16 and normed in the same way, or, without `row_rms_out`, bfloat16 as it is. `y` is
    another buffer than `x`, whose rows the neighbouring tiles read. `weight1` [4C, C] holds half of
    the norm's weight, `bias1` is halved; `weight2` [C, 4C] and `bias2` hold ffn_gamma times
    `fp16_scale`, of which `inverse_fp16_scale` is the reciprocal. `bias2` is float32, the others
    are float16. The sum starts as the residual times `fp16_scale`. A program makes one tile, or
    with SEVERAL one after the other; with KEEP it holds all weights in shared memory meanwhile.
    """
    c = tl.arange(0, C)
    if KEEP:
        kept = ()
        for i in tl.static_range(4 * C // BLOCK_HIDDEN):
            h = i * BLOCK_HIDDEN + tl.arange(0, BLOCK_HIDDEN)
            one = (_slice(weight1_ptr, bias1_ptr, weight2_ptr, h, c, C),)
            kept = kept + one  # type: ignore[assignment]
    offset = tl.load(shift_ptr + c)[None, :]
    offset2 = tl.load(bias2_ptr + c)[None, :]
    tiles = tl.cdiv(rows, BLOCK_M)
    m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    if SEVERAL:
        own = load_rows(x_ptr, tl.program_id(0) * BLOCK_M, rows, c, C, BLOCK_M)
    row_rms = tl.load(row_rms_ptr + m, mask=m < rows, other=1.0)
    for tile in tl.range(tl.program_id(0), tiles, tl.num_programs(0), num_stages=1):
        start = tile * BLOCK_M
        m = start + tl.arange(0, BLOCK_M)
        valid = m < rows
        mixed = convolved_tile(
            x_ptr, own if SEVERAL else None, context_ptr, next_context_ptr, context_row_stride,
            next_context_row_stride, taps_ptr, context_taps_ptr, norm_ptr, start, rows, c, T, C,
            BLOCK_M, UNROLL,
        )  # fmt: skip
        if not SEVERAL:
            own = load_rows(x_ptr, start, rows, c, C, BLOCK_M)
        here = own.to(tl.float32) * row_rms[:, None] + offset
        mixed = mixed * inverse_taps_scale + here
        power = tl.sum(mixed * mixed, axis=1) * (1.0 / C) + EPS
        normed = (mixed * tl.rsqrt(power)[:, None]).to(tl.float16)
        total = mixed * fp16_scale + offset2
        if SEVERAL:  # the next tile is on its way meanwhile
            following = start + tl.num_programs(0) * BLOCK_M
            own = load_rows(x_ptr, following, rows, c, C, BLOCK_M)
            following += tl.arange(0, BLOCK_M)
            row_rms = tl.load(row_rms_ptr + following, mask=following < rows, other=1.0)
        if KEEP:
            for i in tl.static_range(4 * C // BLOCK_HIDDEN):
                up, bias, down = kept[i]  # type: ignore[var-annotated]
                total = tl.dot(gelu_of_twice(tl.dot(normed, up), bias), down, total)
        else:
            for n in range(0, 4 * C, BLOCK_HIDDEN):
                h = n + tl.arange(0, BLOCK_HIDDEN)
                up, bias, down = _slice(weight1_ptr, bias1_ptr, weight2_ptr, h, c, C)
                total = tl.dot(gelu_of_twice(tl.dot(normed, up), bias), down, total)
        at = m[:, None] * C + c[None, :]
        if row_rms_out_ptr is None:
            tl.store(y_ptr + at, (total * inverse_fp16_scale).to(tl.bfloat16), mask=valid[:, None])
        else:
            power = (
                tl.sum(total * total, axis=1) * (inverse_fp16_scale * inverse_fp16_scale / C) + EPS
            )
            scale = tl.rsqrt(power)
            out = total * (inverse_fp16_scale * scale)[:, None]
            tl.store(y_ptr + at, out.to(tl.float16), mask=valid[:, None])
            tl.store(row_rms_out_ptr + m, power * scale, mask=valid)
