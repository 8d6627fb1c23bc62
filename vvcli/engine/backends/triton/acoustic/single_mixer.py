"""The mixer of a stage with one position a frame: each row brings its own past along."""

from __future__ import annotations

import triton
import triton.language as tl

from vvcli.engine.backends.triton.acoustic.mixer import row_scales, store_mixed


@triton.jit
def single_mixer_kernel(
    x_ptr,
    sums_ptr,
    context_ptr,
    context_row_stride,
    active_mask_ptr,
    taps_ptr,
    shift_ptr,
    norm_ptr,
    mixed_out_ptr,
    scaled_out_ptr,
    squares_out_ptr,
    C: tl.constexpr,
    BLOCK_C: tl.constexpr,
    PARTS: tl.constexpr,
    EPS: tl.constexpr,
):
    """The same as `mixer_kernel`, for one row and BLOCK_C channels; grid (rows, C / BLOCK_C).

    `taps` [7, C] float32 are those for inputs multiplied by the norm's weight. Nobody else reads
    these channels of the context, so it moves on in place, if `active_mask` [rows] uint8 says so.
    """
    row = tl.program_id(0) + tl.arange(0, 1)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    k = tl.arange(0, 8)
    at = tl.program_id(0).to(tl.int64) * context_row_stride + k[:, None] * C + c[None, :]
    past = tl.load(context_ptr + at, mask=(k < 6)[:, None], other=0.0).to(tl.float32)
    weight = tl.load(taps_ptr + k[:, None] * C + c[None, :], mask=(k < 7)[:, None], other=0.0)
    here = tl.load(x_ptr + row[:, None] * C + c[None, :]).to(tl.float32)
    scale = row_scales(sums_ptr, row, row >= 0, C, PARTS, EPS)
    normed = here * scale[:, None] * tl.load(norm_ptr + c)[None, :]
    window = tl.where((k == 6)[:, None], normed, past)
    mixed = here + tl.load(shift_ptr + c)[None, :] + tl.sum(window * weight, axis=0)[None, :]
    store_mixed(
        mixed,
        scale,
        row,
        row >= 0,
        c,
        mixed_out_ptr,
        scaled_out_ptr,
        squares_out_ptr,
        C,
        BLOCK_C,
        EPS,
    )
    tl.debug_barrier()  # every thread has read the context, though some read the same parts
    kept = (k > 0) & (k < 7) & (tl.load(active_mask_ptr + tl.program_id(0)) != 0)
    tl.store(context_ptr + at - C, window.to(tl.bfloat16), mask=kept[:, None])
