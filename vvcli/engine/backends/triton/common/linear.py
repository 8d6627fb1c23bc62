"""Matrix products with norm, bias, activation, gate and residual in the same kernel.

`y = x @ w.T` for `x` [M, K] and a weight as `nn.Linear` stores it, [N, K]. With few rows the time
is that of reading the weight once, so tiles are narrow: many programs share it. Norms cost no pass
of their own (row_sums.py). Products are accumulated in float32.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.primitives import dot, load_rows, load_weight
from vvcli.engine.backends.triton.common.row_sums import RowSums, inverse_rms, load_sums
from vvcli.engine.backends.triton.common.split_k import add_parts, arrives_last, split_buffers
from vvcli.engine.backends.triton.common.tile import Tile


@triton.jit
def _store_tile(
    acc, y_ptr, offset, addend, factor, squares, sums_out_ptr, rows, row_ok, column_tile,
    N: tl.constexpr, K: tl.constexpr, BLOCK_N: tl.constexpr, RELU: tl.constexpr,
    TWICE: tl.constexpr, EPS: tl.constexpr,
):  # fmt: skip
    """Norm, bias, activation, gate and residual of a tile of sums; store it."""
    columns = column_tile * BLOCK_N + tl.arange(0, BLOCK_N)
    ok = row_ok[:, None] & (columns < N)[None, :]
    if squares is not None:
        acc = acc * inverse_rms(squares, K, EPS)[:, None]
    if offset is not None:
        acc += offset.to(tl.float32)[None, :]
    if RELU:
        acc = tl.maximum(acc, 0.0)
    if factor is not None:
        acc *= factor.to(tl.float32)
    if addend is not None:
        acc += addend.to(tl.float32)
    at = rows[:, None] * N + columns[None, :]
    rounded = acc.to(tl.bfloat16)
    if TWICE:
        at += rows[:, None] * N
        tl.store(y_ptr + at + N, rounded, mask=ok)
    tl.store(y_ptr + at, rounded, mask=ok)
    if sums_out_ptr is not None:
        # Of the rounded values, which the next product reads.
        kept = tl.where(ok, rounded.to(tl.float32), 0.0)
        at = rows * triton.cdiv(N, BLOCK_N) + column_tile
        tl.store(sums_out_ptr + at, tl.sum(kept * kept, 1), mask=row_ok)


@triton.jit(do_not_specialize=["M"])
def linear_kernel(
    x_ptr, w_ptr, y_ptr, bias_ptr, residual_ptr, gate_ptr, sums_ptr, sums_out_ptr, partial_ptr,
    counters_ptr, M, x_row_stride, gate_row_stride, N: tl.constexpr, K: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, SPLIT: tl.constexpr,
    RELU: tl.constexpr, TWICE: tl.constexpr, PARTS: tl.constexpr, EPS: tl.constexpr,
):  # fmt: skip
    """See `linear`. Grid (tiles, SPLIT), row tiles first: neighbours share weights."""
    tile, part = tl.program_id(0), tl.program_id(1)
    row_tiles = tl.cdiv(M, BLOCK_M)
    column_tile = tile // row_tiles
    rows = (tile % row_tiles) * BLOCK_M + tl.arange(0, BLOCK_M)
    row_ok = rows < M
    columns = column_tile * BLOCK_N + tl.arange(0, BLOCK_N)
    ok = row_ok[:, None] & (columns < N)[None, :]
    # The epilogue's operands are loaded first: with few rows a product is all waiting.
    squares = load_sums(sums_ptr, rows, row_ok, PARTS) if sums_ptr is not None else None
    offset = (
        tl.load(bias_ptr + columns, mask=columns < N, other=0.0) if bias_ptr is not None else None
    )
    factor = None
    addend = None
    if gate_ptr is not None:
        strengths = gate_ptr + rows.to(tl.int64)[:, None] * gate_row_stride
        factor = tl.load(strengths + columns[None, :], mask=ok, other=0.0)
    if residual_ptr is not None:
        addend = tl.load(residual_ptr + rows[:, None] * N + columns[None, :], mask=ok, other=0.0)
    DEPTH: tl.constexpr = triton.cdiv(K, SPLIT * BLOCK_K) * BLOCK_K
    first = part * DEPTH
    acc = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for k in range(0, DEPTH, BLOCK_K):
        at = first + k + tl.arange(0, BLOCK_K)
        a = load_rows(x_ptr, rows, row_ok, x_row_stride, at, K, DEPTH * SPLIT)
        if a.dtype == tl.float64:
            a = a.to(tl.float32).to(tl.bfloat16)
        b = load_weight(w_ptr, columns, at, N, BLOCK_N, K, DEPTH * SPLIT)
        acc = dot(a, b.T, acc)
    if SPLIT == 1:
        _store_tile(
            acc, y_ptr, offset, addend, factor, squares, sums_out_ptr, rows, row_ok, column_tile,
            N, K, BLOCK_N, RELU, TWICE, EPS,
        )  # fmt: skip
    else:
        SIZE: tl.constexpr = BLOCK_M * BLOCK_N
        own = tl.arange(0, BLOCK_M)[:, None] * BLOCK_N + tl.arange(0, BLOCK_N)[None, :]
        own += tile * (SPLIT * SIZE)
        tl.store(partial_ptr + own + part * SIZE, acc)
        if arrives_last(counters_ptr, tile, SPLIT):
            acc = add_parts(partial_ptr + own, counters_ptr, tile, SIZE, SPLIT)
            _store_tile(
                acc, y_ptr, offset, addend, factor, squares, sums_out_ptr, rows, row_ok,
                column_tile, N, K, BLOCK_N, RELU, TWICE, EPS,
            )  # fmt: skip


def linear(
    x: Tensor,
    weight: Tensor,
    tile: Tile,
    *,
    bias: Tensor | None = None,
    sums: RowSums | None = None,
    relu: bool = False,
    gate: Tensor | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    sums_out: RowSums | None = None,
    twice: bool = False,
) -> Tensor:
    """`residual + gate · relu(x @ weight.T / rms(x) + bias)`, each part where given; bfloat16.

    Args:
        x: [M, K], bfloat16, or float64 to be rounded to it; rows at any stride.
        weight: [N, K]; the weight of a norm before the product is part of it.
        sums: of x, for its root mean square.
        gate: [M, N], rows at any stride.
        residual: [M, N]; may be `out`.
        out: [M, N], or [2M, N] with `twice`.
        sums_out: filled with the sums of `out`, one per column tile.
        twice: store every row two times in succession.
    """
    (rows, depth), columns = x.shape, weight.shape[0]
    if out is None:
        out = torch.empty(rows * (2 if twice else 1), columns, dtype=weight.dtype, device=x.device)
    tiles = triton.cdiv(rows, tile.block_m) * triton.cdiv(columns, tile.block_n)
    partial, counters = split_buffers(x.device, tiles, tile.split_k, tile.block_m * tile.block_n)
    linear_kernel[(tiles, tile.split_k)](
        x, weight, out, bias, residual, gate, sums.values if sums else None,
        sums_out.values if sums_out else None, partial, counters, rows, x.stride(0),
        gate.stride(0) if gate is not None else 0, N=columns, K=depth, BLOCK_M=tile.block_m,
        BLOCK_N=tile.block_n, BLOCK_K=tile.block_k, SPLIT=tile.split_k, RELU=relu, TWICE=twice,
        PARTS=sums.parts if sums else 0, EPS=sums.eps if sums else 0.0, **tile.options(),
    )  # fmt: skip
    return out
