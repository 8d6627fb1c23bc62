"""`x + gate · other` with the sums of squares of its rows, after a product by cuBLAS."""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.row_sums import RowSums


@triton.jit
def add_kernel(
    x_ptr, other_ptr, gate_ptr, y_ptr, sums_ptr, gate_row_stride, N: tl.constexpr,
    PAD: tl.constexpr, PARTS: tl.constexpr,
):  # fmt: skip
    """See `add`. Grid: rows."""
    row = tl.program_id(0)
    columns = tl.arange(0, PAD)
    ok = columns < N
    value = tl.load(x_ptr + row * N + columns, mask=ok, other=0.0)
    if other_ptr is not None:
        added = tl.load(other_ptr + row * N + columns, mask=ok, other=0.0).to(tl.float32)
        if gate_ptr is not None:
            at = row.to(tl.int64) * gate_row_stride + columns
            added *= tl.load(gate_ptr + at, mask=ok, other=0.0).to(tl.float32)
        value = (value.to(tl.float32) + added).to(tl.bfloat16)
        tl.store(y_ptr + row * N + columns, value, mask=ok)
    value = value.to(tl.float32)
    parts = tl.arange(0, triton.next_power_of_2(PARTS))
    total = tl.where(parts == 0, tl.sum(value * value, 0), 0.0)
    tl.store(sums_ptr + row * PARTS + parts, total, mask=parts < PARTS)


def add(
    x: Tensor, other: Tensor | None, out: Tensor, sums: RowSums, *, gate: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """`x + gate · other` [M, N] into `out`, which may be `x`, and its sums.

    Without `other` just the sums of `x`; `gate` [M, N] may have rows at any stride.
    """
    rows, columns = x.shape
    add_kernel[(rows,)](
        x, other, gate, out, sums.values, 0 if gate is None else gate.stride(0),
        N=columns, PAD=triton.next_power_of_2(columns), PARTS=sums.parts, num_warps=4,
    )  # fmt: skip
    return out
