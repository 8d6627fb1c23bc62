"""Root-mean-square norm (Zhang and Sennrich, 2019), also with a modulation: `x / rms(x) · w`."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.row_sums import RowSums, inverse_rms, load_sums_of_row


@triton.jit
def normalise_kernel(
    x_ptr, weight_ptr, sums_ptr, shift_ptr, scale_ptr, y_ptr, modulation_row_stride,
    N: tl.constexpr, PARTS: tl.constexpr, EPS: tl.constexpr,
):  # fmt: skip
    """See `normalise`. Grid: rows."""
    row = tl.program_id(0)
    columns = tl.arange(0, triton.next_power_of_2(N))
    ok = columns < N
    squares = load_sums_of_row(sums_ptr, row, PARTS)
    value = tl.load(x_ptr + row * N + columns, mask=ok, other=0.0).to(tl.float32)
    value *= inverse_rms(squares, N, EPS)
    if weight_ptr is not None:
        value *= tl.load(weight_ptr + columns, mask=ok, other=0.0).to(tl.float32)
    if scale_ptr is not None:
        at = row.to(tl.int64) * modulation_row_stride + columns
        value *= tl.load(scale_ptr + at, mask=ok, other=0.0).to(tl.float32)
        value += tl.load(shift_ptr + at, mask=ok, other=0.0).to(tl.float32)
    tl.store(y_ptr + row * N + columns, value.to(tl.bfloat16), mask=ok)


def normalise(
    x: Tensor, sums: RowSums, *, weight: Tensor | None = None, shift: Tensor | None = None,
    scale: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Root-mean-square norm of `x` [M, N], then `weight` [N], or `scale` and `shift` [M, N]."""
    rows, columns = x.shape
    out = torch.empty_like(x)
    normalise_kernel[(rows,)](
        x, weight, sums.values, shift, scale, out, 0 if scale is None else scale.stride(0),
        N=columns, PARTS=sums.parts, EPS=sums.eps, num_warps=4,
    )  # fmt: skip
    return out
