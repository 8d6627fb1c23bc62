"""Sums of squares of rows, so that a norm costs no pass of its own.

Whoever writes a row leaves sums of squares of parts of its columns behind; whoever reads the row
adds them up in a fixed order.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor


@dataclass(frozen=True)
class RowSums:
    """Sums of squares of each row over `parts` of its columns, [M, parts] float32."""

    values: Tensor
    eps: float

    @classmethod
    def allocate(cls, rows: int, parts: int, eps: float, device: torch.device) -> RowSums:
        """Memory for the sums of `rows` rows; the kernel that writes the rows fills it."""
        return cls(torch.empty(rows, parts, dtype=torch.float32, device=device), eps)

    @property
    def parts(self) -> int:
        """Sums per row."""
        return self.values.shape[1]


@triton.jit
def load_sums(sums_ptr, rows, row_ok, PARTS: tl.constexpr):
    """Sums of squares of rows, [M, PARTS]."""
    parts = tl.arange(0, triton.next_power_of_2(PARTS))
    ok = row_ok[:, None] & (parts < PARTS)[None, :]
    return tl.load(sums_ptr + rows[:, None] * PARTS + parts[None, :], mask=ok, other=0.0)


@triton.jit
def load_sums_of_row(sums_ptr, row, PARTS: tl.constexpr):
    """Sums of squares of one row, [PARTS]."""
    parts = tl.arange(0, triton.next_power_of_2(PARTS))
    return tl.load(sums_ptr + row * PARTS + parts, mask=parts < PARTS, other=0.0)


@triton.jit
def inverse_rms(squares, K: tl.constexpr, EPS: tl.constexpr):
    """`1 / sqrt(mean(x²) + eps)` of rows of K values, from sums of squares [..., PARTS]."""
    return tl.rsqrt(tl.sum(squares, len(squares.shape) - 1) / K + EPS)


@triton.jit
def load_inverse_rms(
    sums_ptr, rows, row_ok, K: tl.constexpr, EPS: tl.constexpr, PARTS: tl.constexpr
):
    """`inverse_rms` of rows of K values, from their PARTS sums of squares in memory."""
    return inverse_rms(load_sums(sums_ptr, rows, row_ok, PARTS), K, EPS)
