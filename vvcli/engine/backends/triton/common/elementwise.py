"""Passes over rows between products that cannot do them on the way."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.linear import RowSums
from vvcli.engine.backends.triton.common.primitives import row_scale
from vvcli.engine.backends.triton.lm.qkv import head_turn, store_head
from vvcli.model.attention import CacheView


@triton.jit
def add_kernel(
    x, other, gate, y, sums, gate_stride, N: tl.constexpr, PAD: tl.constexpr, PARTS: tl.constexpr,
):  # fmt: skip
    """See `add`. Grid: rows."""
    row = tl.program_id(0)
    columns = tl.arange(0, PAD)
    ok = columns < N
    value = tl.load(x + row * N + columns, mask=ok, other=0.0)
    if other is not None:
        added = tl.load(other + row * N + columns, mask=ok, other=0.0).to(tl.float32)
        if gate is not None:
            at = row.to(tl.int64) * gate_stride + columns
            added *= tl.load(gate + at, mask=ok, other=0.0).to(tl.float32)
        value = (value.to(tl.float32) + added).to(tl.bfloat16)
        tl.store(y + row * N + columns, value, mask=ok)
    value = value.to(tl.float32)
    parts = tl.arange(0, triton.next_power_of_2(PARTS))
    total = tl.where(parts == 0, tl.sum(value * value, 0), 0.0)
    tl.store(sums + row * PARTS + parts, total, mask=parts < PARTS)


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


@triton.jit
def normalise_kernel(
    x, weight, sums, shift, scale, y, modulation_stride, N: tl.constexpr,
    PARTS: tl.constexpr, EPS: tl.constexpr,
):  # fmt: skip
    """See `normalise`. Grid: rows."""
    row = tl.program_id(0)
    columns = tl.arange(0, triton.next_power_of_2(N))
    ok = columns < N
    parts = tl.arange(0, triton.next_power_of_2(PARTS))
    squares = tl.load(sums + row * PARTS + parts, mask=parts < PARTS, other=0.0)
    value = tl.load(x + row * N + columns, mask=ok, other=0.0).to(tl.float32)
    value *= tl.rsqrt(tl.sum(squares, 0) / N + EPS)
    if weight is not None:
        value *= tl.load(weight + columns, mask=ok, other=0.0).to(tl.float32)
    if scale is not None:
        at = row.to(tl.int64) * modulation_stride + columns
        value *= tl.load(scale + at, mask=ok, other=0.0).to(tl.float32)
        value += tl.load(shift + at, mask=ok, other=0.0).to(tl.float32)
    tl.store(y + row * N + columns, value.to(tl.bfloat16), mask=ok)


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


@triton.jit(do_not_specialize=["M", "S"])
def rotate_kernel(
    qkv, bias, sums, rope, positions, index, q, kv, M, plane, row_stride, capacity, S,
    ANGLES: tl.constexpr, HEADS: tl.constexpr, KV_HEADS: tl.constexpr, D: tl.constexpr,
    K: tl.constexpr, BM: tl.constexpr, PAIRS: tl.constexpr, PARTS: tl.constexpr,
    EPS: tl.constexpr,
):  # fmt: skip
    """See `rotate`. Grid (row tiles, heads)."""
    tokens = tl.program_id(0) * BM + tl.arange(0, BM)
    ok = tokens < M
    head = tl.program_id(1)
    pairs = tl.arange(0, PAIRS)
    inside = (pairs < D // 2)[None, :]
    N: tl.constexpr = (HEADS + 2 * KV_HEADS) * D
    at = qkv + tokens.to(tl.int64)[:, None] * N + (head * D + pairs)[None, :]
    low = tl.load(at, mask=ok[:, None] & inside, other=0.0).to(tl.float32)
    high = tl.load(at + D // 2, mask=ok[:, None] & inside, other=0.0).to(tl.float32)
    scale = row_scale(sums, tokens, ok, K, EPS, PARTS)[:, None]
    of_head = (bias + head * D + pairs)[None, :]
    low = low * scale + tl.load(of_head, mask=inside, other=0.0).to(tl.float32)
    high = high * scale + tl.load(of_head + D // 2, mask=inside, other=0.0).to(tl.float32)
    position, row, cos, sin = head_turn(
        rope, positions, index, tokens, ok, head, pairs, S, ANGLES, HEADS, KV_HEADS, D
    )
    store_head(
        low, high, position, row, cos, sin, q, kv, tokens, ok, head, pairs, plane, row_stride,
        capacity, HEADS, KV_HEADS, D,
    )  # fmt: skip


def rotate(
    qkv: Tensor, bias: Tensor, sums: RowSums, rope: Tensor, cache: CacheView, layer: int,
    hidden: int,
) -> Tensor:  # fmt: skip
    """What `project_qkv` does after its product `qkv` [R·S, …] of rows `hidden` wide."""
    kv = cache.kv[layer]
    kv_heads, capacity, head_dim = kv.shape[2:]
    (tokens, width), steps = qkv.shape, cache.positions.shape[1]
    heads = width // head_dim - 2 * kv_heads
    q = torch.empty(tokens, heads, head_dim, dtype=qkv.dtype, device=qkv.device)
    BM = 32
    rotate_kernel[(triton.cdiv(tokens, BM), heads + 2 * kv_heads)](
        qkv, bias, sums.values, rope, cache.positions, cache.rows, q, kv,
        tokens, kv.stride(0), kv.stride(1), capacity, steps,
        ANGLES=rope.shape[0], HEADS=heads, KV_HEADS=kv_heads, D=head_dim, K=hidden,
        BM=BM, PAIRS=triton.next_power_of_2(head_dim // 2), PARTS=sums.parts, EPS=sums.eps,
        num_warps=4,
    )  # fmt: skip
    return q


@triton.jit
def gate_kernel(
    gate_up, sums, y, N: tl.constexpr, K: tl.constexpr, BLOCK: tl.constexpr, PARTS: tl.constexpr,
    EPS: tl.constexpr,
):  # fmt: skip
    """See `gate`. Grid (rows, column tiles)."""
    row = tl.program_id(0).to(tl.int64)
    columns = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    ok = columns < N
    gate = tl.load(gate_up + row * (2 * N) + columns, mask=ok, other=0.0).to(tl.float32)
    up = tl.load(gate_up + row * (2 * N) + N + columns, mask=ok, other=0.0).to(tl.float32)
    if sums is not None:
        parts = tl.arange(0, triton.next_power_of_2(PARTS))
        squares = tl.load(sums + row * PARTS + parts, mask=parts < PARTS, other=0.0)
        scale = tl.rsqrt(tl.sum(squares, 0) / K + EPS)
        gate, up = gate * scale, up * scale
    gate = gate / (1.0 + tl.exp(-gate))
    tl.store(y + row * N + columns, (gate * up).to(tl.bfloat16), mask=ok)


def gate(gate_up: Tensor, sums: RowSums | None, hidden: int) -> Tensor:
    """What `gated` does after its product `gate_up` [M, 2N] of rows `hidden` wide."""
    rows, columns = gate_up.shape[0], gate_up.shape[1] // 2
    out = torch.empty(rows, columns, dtype=gate_up.dtype, device=gate_up.device)
    BLOCK = 1024
    gate_kernel[(rows, triton.cdiv(columns, BLOCK))](
        gate_up, sums.values if sums else None, out, N=columns, K=hidden, BLOCK=BLOCK,
        PARTS=sums.parts if sums else 1, EPS=sums.eps if sums else 0.0, num_warps=4,
    )  # fmt: skip
    return out
