"""The mixer of a stage with one position a frame: each row brings its own past along."""

from __future__ import annotations

import triton
import triton.language as tl

from vvcli.engine.backends.triton.acoustic.mixer import leave, row_scales


@triton.jit
def single_mixer_kernel(
    x,
    sums,
    context,
    context_stride,
    runs,
    taps,
    shift,
    norm,
    mixed_out,
    scaled_out,
    squares_out,
    C: tl.constexpr,
    BLOCK_C: tl.constexpr,
    PARTS: tl.constexpr,
    EPS: tl.constexpr,
):
    """What `mixer_kernel` does, for one row and BLOCK_C channels; grid (rows, C / BLOCK_C).

    `taps` [7, C] float32 are those for inputs multiplied by the norm's weight. Nobody else reads
    these channels of the context, so it moves on in place, if `runs` [rows] uint8 says so.
    """
    row = tl.program_id(0) + tl.arange(0, 1)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    k = tl.arange(0, 8)
    at = tl.program_id(0).to(tl.int64) * context_stride + k[:, None] * C + c[None, :]
    past = tl.load(context + at, mask=(k < 6)[:, None], other=0.0).to(tl.float32)
    weight = tl.load(taps + k[:, None] * C + c[None, :], mask=(k < 7)[:, None], other=0.0)
    here = tl.load(x + row[:, None] * C + c[None, :]).to(tl.float32)
    scale = row_scales(sums, row, row >= 0, C, PARTS, EPS)
    normed = here * scale[:, None] * tl.load(norm + c)[None, :]
    window = tl.where((k == 6)[:, None], normed, past)
    mixed = here + tl.load(shift + c)[None, :] + tl.sum(window * weight, axis=0)[None, :]
    leave(mixed, scale, row, row >= 0, c, mixed_out, scaled_out, squares_out, C, BLOCK_C, EPS)
    tl.debug_barrier()  # every thread has read the context, though some read the same parts
    kept = (k > 0) & (k < 7) & (tl.load(runs + tl.program_id(0)) != 0)
    tl.store(context + at - C, window.to(tl.bfloat16), mask=kept[:, None])
