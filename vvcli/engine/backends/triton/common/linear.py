"""Matrix products with what surrounds them in the model done on the way.

`y = x @ w.T` for `x` [M, K] and a weight as `nn.Linear` stores it, [N, K]. With few rows the time
is that of reading the weight once, so tiles are narrow: many programs share it. Norms cost no pass
of their own: whoever writes a row leaves sums of squares of its columns behind, and whoever reads
the row adds them up in a fixed order. Products are accumulated in float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.primitives import (
    dot,
    inverse_rms,
    load_rows,
    load_sums,
    load_weight,
)

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Tile:
    """How a product is cut up: a program makes `rows` x `columns`, `depth` of K at a time.

    `split` programs share a tile's K. Where columns come in pairs (gate and up, or the halves of
    a rotation) `columns` counts pairs.
    """

    rows: int
    columns: int
    depth: int
    warps: int
    stages: int
    split: int = 1

    def options(self) -> dict[str, int]:
        """Keyword arguments of a launch."""
        return {"num_warps": self.warps, "num_stages": self.stages}


def pick(table: Mapping[int, Choice], rows: int) -> Choice:
    """What `table`, by number of rows up to and including, has for `rows`."""
    return next(choice for most, choice in table.items() if rows <= most)


@dataclass(frozen=True)
class RowSums:
    """Sums of squares of each row over `parts` of its columns, [M, parts] float32."""

    values: Tensor
    eps: float

    @classmethod
    def allocate(cls, rows: int, parts: int, eps: float, device: torch.device) -> RowSums:
        """Room for `rows` rows; the kernel that writes the rows fills it."""
        return cls(torch.empty(rows, parts, dtype=torch.float32, device=device), eps)

    @property
    def parts(self) -> int:
        """Sums per row."""
        return self.values.shape[1]


COUNTERS = 4096


@cache
def _counters(device: torch.device, stream: int) -> Tensor:
    return torch.zeros(COUNTERS, dtype=torch.int32, device=device)


def arrivals(device: torch.device, tiles: int) -> Tensor:
    """Zeroed counters for `tiles` tiles; kernels that use them leave them at zero.

    Shared by the kernels of a stream, which run one after the other.
    """
    if tiles > COUNTERS:
        raise ValueError(f"{tiles} tiles are shared by several programs; at most {COUNTERS} can be")
    stream = torch.cuda.current_stream(device).cuda_stream if device.type == "cuda" else 0
    return _counters(device, stream)


@triton.jit
def _finish(
    acc, y, offset, addend, factor, squares, sums_out, rows, row_ok, column_tile,
    N: tl.constexpr, K: tl.constexpr, BN: tl.constexpr, RELU: tl.constexpr, TWICE: tl.constexpr,
    EPS: tl.constexpr,
):  # fmt: skip
    """Norm, bias, activation, gate and residual of a tile of sums; store it."""
    columns = column_tile * BN + tl.arange(0, BN)
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
        tl.store(y + at + N, rounded, mask=ok)
    tl.store(y + at, rounded, mask=ok)
    if sums_out is not None:
        # Of the rounded values: they are what the next product reads.
        kept = tl.where(ok, rounded.to(tl.float32), 0.0)
        at = rows * triton.cdiv(N, BN) + column_tile
        tl.store(sums_out + at, tl.sum(kept * kept, 1), mask=row_ok)


@triton.jit(do_not_specialize=["M"])
def linear_kernel(
    x, w, y, bias, residual, gate, sums, sums_out, partial, counters, M, x_stride,
    gate_stride, N: tl.constexpr, K: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
    BK: tl.constexpr, SPLIT: tl.constexpr, RELU: tl.constexpr, TWICE: tl.constexpr,
    PARTS: tl.constexpr, EPS: tl.constexpr,
):  # fmt: skip
    """See `linear`. Grid (tiles, SPLIT), row tiles first: neighbours share weights."""
    tile, part = tl.program_id(0), tl.program_id(1)
    row_tiles = tl.cdiv(M, BM)
    column_tile = tile // row_tiles
    rows = (tile % row_tiles) * BM + tl.arange(0, BM)
    row_ok = rows < M
    columns = column_tile * BN + tl.arange(0, BN)
    ok = row_ok[:, None] & (columns < N)[None, :]
    # What the end needs is asked for first: with few rows a product is all waiting.
    squares = load_sums(sums, rows, row_ok, PARTS) if sums is not None else None
    offset = tl.load(bias + columns, mask=columns < N, other=0.0) if bias is not None else None
    factor = None
    addend = None
    if gate is not None:
        strengths = gate + rows.to(tl.int64)[:, None] * gate_stride
        factor = tl.load(strengths + columns[None, :], mask=ok, other=0.0)
    if residual is not None:
        addend = tl.load(residual + rows[:, None] * N + columns[None, :], mask=ok, other=0.0)
    DEPTH: tl.constexpr = triton.cdiv(K, SPLIT * BK) * BK
    first = part * DEPTH
    acc = tl.zeros((BM, BN), tl.float32)
    for k in range(0, DEPTH, BK):
        at = first + k + tl.arange(0, BK)
        a = load_rows(x, rows, row_ok, x_stride, at, K, DEPTH * SPLIT)
        if a.dtype == tl.float64:
            a = a.to(tl.float32).to(tl.bfloat16)
        b = load_weight(w, columns, at, N, BN, K, DEPTH * SPLIT)
        acc = dot(a, b.T, acc)
    if SPLIT == 1:
        _finish(
            acc, y, offset, addend, factor, squares, sums_out, rows, row_ok, column_tile,
            N, K, BN, RELU, TWICE, EPS,
        )  # fmt: skip
    else:
        # The last program of a tile to arrive adds all parts up, in the order of K.
        own = tl.arange(0, BM)[:, None] * BN + tl.arange(0, BN)[None, :]
        own += tile * (SPLIT * BM * BN)
        tl.store(partial + own + part * (BM * BN), acc)
        tl.debug_barrier()
        if tl.atomic_add(counters + tile, 1, sem="acq_rel") == SPLIT - 1:
            acc = tl.load(partial + own, cache_modifier=".cg")
            for i in tl.static_range(1, SPLIT):
                acc += tl.load(partial + own + i * (BM * BN), cache_modifier=".cg")
            tl.store(counters + tile, 0)
            _finish(
                acc, y, offset, addend, factor, squares, sums_out, rows, row_ok, column_tile,
                N, K, BN, RELU, TWICE, EPS,
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
    tiles = triton.cdiv(rows, tile.rows) * triton.cdiv(columns, tile.columns)
    partial = counters = None
    if tile.split > 1:
        size = tiles * tile.split * tile.rows * tile.columns
        partial = torch.empty(size, dtype=torch.float32, device=x.device)
        counters = arrivals(x.device, tiles)
    linear_kernel[(tiles, tile.split)](
        x, weight, out, bias, residual, gate,
        sums.values if sums else None, sums_out.values if sums_out else None, partial, counters,
        rows, x.stride(0), gate.stride(0) if gate is not None else 0,
        N=columns, K=depth, BM=tile.rows, BN=tile.columns, BK=tile.depth, SPLIT=tile.split,
        RELU=relu, TWICE=twice, PARTS=sums.parts if sums else 0, EPS=sums.eps if sums else 0.0,
        **tile.options(),
    )  # fmt: skip
    return out
