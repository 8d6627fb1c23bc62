"""A whole acoustic block of a narrow stage as one kernel: activations are read and written once.

After the mixer, a tile of rows stays in registers through the feed-forward part, which runs over
slices of the hidden layer as flash attention runs over keys: product, GELU, product, accumulate.
"""

from __future__ import annotations

import triton
import triton.language as tl

from vvcli.engine.kernels.acoustic_gelu import gelu_half
from vvcli.engine.kernels.acoustic_mixer import inverse_rms, mixed_tile


@triton.jit(do_not_specialize=["rows"])
def block_kernel(
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
    weight1,
    bias1,
    weight2,
    bias2,
    gain,
    y,
    scales_out,
    rows,
    T: tl.constexpr,
    C: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_HIDDEN: tl.constexpr,
    EPS: tl.constexpr,
):
    """`y` [rows, C] bfloat16 is the block of `x`; `scales_out` the inverse RMS of its rows.

    `y` is another buffer than `x`, whose rows the neighbouring tiles read. `weight1` [4C, C] holds
    the norm's weight, `weight2` [C, 4C] ffn_gamma times `gain`, both float16; `bias2` float32 is
    scaled likewise. The sum starts as the residual times `gain`.
    """
    start = tl.program_id(0) * BLOCK_ROWS
    mixed = mixed_tile(
        x, scales, context, following, context_stride, following_stride, taps, carried_taps, shift,
        norm, start, rows, T, C, BLOCK_ROWS, EPS, True,
    )  # fmt: skip
    c = tl.arange(0, C)
    normed = (mixed * inverse_rms(mixed, C, EPS)[:, None]).to(tl.float16)
    total = mixed * gain + tl.load(bias2 + c)[None, :]
    for n in range(0, 4 * C, BLOCK_HIDDEN):
        h = n + tl.arange(0, BLOCK_HIDDEN)
        up = tl.load(weight1 + h[None, :] * C + c[:, None])
        inner = gelu_half(tl.dot(normed, up), tl.load(bias1 + h))
        down = tl.load(weight2 + c[None, :] * (4 * C) + h[:, None])
        total = tl.dot(inner, down, total)
    out = (total / gain).to(tl.bfloat16)
    m = start + tl.arange(0, BLOCK_ROWS)
    valid = m < rows
    tl.store(y + m[:, None] * C + c[None, :], out, mask=valid[:, None])
    tl.store(scales_out + m, inverse_rms(out.to(tl.float32), C, EPS), mask=valid)
