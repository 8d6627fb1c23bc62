"""`x + gate · other` after a product by cuBLAS, with what the norm that follows needs or makes."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.row_sums import RowSums


@triton.jit
def add_kernel(
    x_ptr, other_ptr, gate_ptr, y_ptr, sums_ptr, shift_ptr, scale_ptr, normed_ptr,
    modulation_row_stride, N: tl.constexpr, PAD: tl.constexpr, PARTS: tl.constexpr,
    EPS: tl.constexpr,
):  # fmt: skip
    """See `add` and `add_and_normalise`. Grid: rows."""
    row = tl.program_id(0)
    columns = tl.arange(0, PAD)
    ok = columns < N
    value = tl.load(x_ptr + row * N + columns, mask=ok, other=0.0)
    if other_ptr is not None:
        added = tl.load(other_ptr + row * N + columns, mask=ok, other=0.0).to(tl.float32)
        if gate_ptr is not None:
            at = row.to(tl.int64) * modulation_row_stride + columns
            added *= tl.load(gate_ptr + at, mask=ok, other=0.0).to(tl.float32)
        value = (value.to(tl.float32) + added).to(tl.bfloat16)
        tl.store(y_ptr + row * N + columns, value, mask=ok)
    value = value.to(tl.float32)
    total = tl.sum(value * value, 0)
    if normed_ptr is None:
        parts = tl.arange(0, triton.next_power_of_2(PARTS))
        total = tl.where(parts == 0, total, 0.0)
        tl.store(sums_ptr + row * PARTS + parts, total, mask=parts < PARTS)
    else:
        value *= tl.rsqrt(total / N + EPS)
        at = row.to(tl.int64) * modulation_row_stride + columns
        value *= tl.load(scale_ptr + at, mask=ok, other=0.0).to(tl.float32)
        value += tl.load(shift_ptr + at, mask=ok, other=0.0).to(tl.float32)
        tl.store(normed_ptr + row * N + columns, value.to(tl.bfloat16), mask=ok)


def add(
    x: Tensor, other: Tensor | None, out: Tensor, sums: RowSums, *, gate: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """`x + gate · other` [M, N] into `out`, which may be `x`, and its sums.

    Without `other` just the sums of `x`; `gate` [M, N] may have rows at any stride.
    """
    rows, columns = x.shape
    add_kernel[(rows,)](
        x, other, gate, out, sums.values, None, None, None, 0 if gate is None else gate.stride(0),
        N=columns, PAD=triton.next_power_of_2(columns), PARTS=sums.parts, EPS=0.0, num_warps=4,
    )  # fmt: skip
    return out


def add_and_normalise(
    x: Tensor, other: Tensor, gate: Tensor, shift: Tensor, scale: Tensor, eps: float
) -> Tensor:
    """Add `gate · other` to `x` [M, N], and return what `normalise` makes of the result.

    `gate`, `shift` and `scale` are [M, N], their rows at one stride, which may be any.
    """
    rows, columns = x.shape
    normed = torch.empty_like(x)
    add_kernel[(rows,)](
        x, other, gate, x, None, shift, scale, normed, gate.stride(0), N=columns,
        PAD=triton.next_power_of_2(columns), PARTS=0, EPS=eps, num_warps=4,
    )  # fmt: skip
    return normed
