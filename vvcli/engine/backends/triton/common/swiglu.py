"""The gated product (Shazeer, 2020), `silu(a @ gate.T) · (a @ up.T)`: one kernel, or after cuBLAS.

Gate and up are the halves of one weight; a program computes the same columns of both.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.primitives import dot, load_rows, load_weight
from vvcli.engine.backends.triton.common.row_sums import (
    RowSums,
    inverse_rms,
    load_sums,
    load_sums_of_row,
)
from vvcli.engine.backends.triton.common.tile import Tile


@triton.jit(do_not_specialize=["M"])
def swiglu_kernel(
    x_ptr, w_ptr, y_ptr, sums_ptr, shift_ptr, scale_ptr, M, modulation_row_stride, N: tl.constexpr,
    K: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
    PARTS: tl.constexpr, EPS: tl.constexpr,
):  # fmt: skip
    """See `gated`. Grid: row tiles x column tiles."""
    tile = tl.program_id(0)
    row_tiles = tl.cdiv(M, BLOCK_M)
    rows = (tile % row_tiles) * BLOCK_M + tl.arange(0, BLOCK_M)
    row_ok = rows < M
    columns = tile // row_tiles * BLOCK_N + tl.arange(0, BLOCK_N)
    COVERED: tl.constexpr = triton.cdiv(K, BLOCK_K) * BLOCK_K
    EARLY: tl.constexpr = BLOCK_M <= 16 or scale_ptr is not None
    if sums_ptr is not None and EARLY:
        squares = load_sums(sums_ptr, rows, row_ok, PARTS)
    if scale_ptr is not None:
        inverse = inverse_rms(squares, K, EPS)[:, None]
    gate = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    up = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for k in range(0, COVERED, BLOCK_K):
        at = k + tl.arange(0, BLOCK_K)
        a = load_rows(x_ptr, rows, row_ok, K, at, K, COVERED)
        if scale_ptr is not None:
            b = load_rows(scale_ptr, rows, row_ok, modulation_row_stride, at, K, COVERED)
            c = load_rows(shift_ptr, rows, row_ok, modulation_row_stride, at, K, COVERED)
            a = a.to(tl.float32) * inverse * b.to(tl.float32) + c.to(tl.float32)
            a = a.to(tl.bfloat16)
        gate = dot(a, load_weight(w_ptr, columns, at, N, BLOCK_N, K, COVERED).T, gate)
        up = dot(a, load_weight(w_ptr + N * K, columns, at, N, BLOCK_N, K, COVERED).T, up)
    if sums_ptr is not None and scale_ptr is None:
        if not EARLY:
            squares = load_sums(sums_ptr, rows, row_ok, PARTS)
        inverse = inverse_rms(squares, K, EPS)[:, None]
        gate, up = gate * inverse, up * inverse
    gate = gate / (1.0 + tl.exp(-gate))
    ok = row_ok[:, None] & (columns < N)[None, :]
    at = rows.to(tl.int64)[:, None] * N + columns[None, :]
    tl.store(y_ptr + at, (gate * up).to(tl.bfloat16), mask=ok)


def gated(
    x: Tensor, weight: Tensor, tile: Tile, *, sums: RowSums | None = None,
    shift: Tensor | None = None, scale: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """`silu(a @ gate.T) · (a @ up.T)`, [M, N], with `weight` [2N, K] gate's rows, then up's.

    `a` is `x` [M, K], or with `sums` (of x) normalised x, or with `scale` and `shift` too
    (both [M, K], same row stride) `scale` times normalised x plus `shift`.
    """
    (rows, depth), columns = x.shape, weight.shape[0] // 2
    out = torch.empty(rows, columns, dtype=x.dtype, device=x.device)
    stride = 0 if scale is None else scale.stride(0)
    swiglu_kernel[(triton.cdiv(rows, tile.block_m) * triton.cdiv(columns, tile.block_n),)](
        x, weight, out, sums.values if sums else None, shift, scale, rows, stride,
        N=columns, K=depth, BLOCK_M=tile.block_m, BLOCK_N=tile.block_n, BLOCK_K=tile.block_k,
        PARTS=sums.parts if sums else 0, EPS=sums.eps if sums else 0.0,
        **tile.options(),
    )  # fmt: skip
    return out


@triton.jit
def gate_kernel(
    gate_up_ptr, sums_ptr, y_ptr, N: tl.constexpr, K: tl.constexpr, BLOCK: tl.constexpr,
    PARTS: tl.constexpr, EPS: tl.constexpr,
):  # fmt: skip
    """See `gate`. Grid (rows, column tiles)."""
    row = tl.program_id(0).to(tl.int64)
    columns = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    ok = columns < N
    gate = tl.load(gate_up_ptr + row * (2 * N) + columns, mask=ok, other=0.0).to(tl.float32)
    up = tl.load(gate_up_ptr + row * (2 * N) + N + columns, mask=ok, other=0.0).to(tl.float32)
    if sums_ptr is not None:
        scale = inverse_rms(load_sums_of_row(sums_ptr, row, PARTS), K, EPS)
        gate, up = gate * scale, up * scale
    gate = gate / (1.0 + tl.exp(-gate))
    tl.store(y_ptr + row * N + columns, (gate * up).to(tl.bfloat16), mask=ok)


def gate(gate_up: Tensor, sums: RowSums | None, hidden: int) -> Tensor:
    """The rest of `gated` after its product `gate_up` [M, 2N] of rows `hidden` wide."""
    rows, columns = gate_up.shape[0], gate_up.shape[1] // 2
    out = torch.empty(rows, columns, dtype=gate_up.dtype, device=gate_up.device)
    BLOCK = 1024
    gate_kernel[(rows, triton.cdiv(columns, BLOCK))](
        gate_up, sums.values if sums else None, out, N=columns, K=hidden, BLOCK=BLOCK,
        PARTS=sums.parts if sums else 1, EPS=sums.eps if sums else 0.0, num_warps=4,
    )  # fmt: skip
    return out
