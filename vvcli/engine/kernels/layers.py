"""All decoder layers of an LM in one launch, for few rows.

With few rows a layer's five kernels are short, and most of their time is starting, filling up and
ending. Here one program per multiprocessor stays, does its share of each, and waits for the others
in between. Meanwhile it asks for the weights it will need after the next wait, so that memory is
never idle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.kernels.attention import Chunks, attention_tile
from vvcli.engine.kernels.blocks import INTERPRETED, prefetch
from vvcli.engine.kernels.grid import arrive, await_arrivals, barrier, leave, programs
from vvcli.engine.kernels.linear import RowSums, Tile, arrivals, linear_tile
from vvcli.engine.kernels.projection import qkv_tile, swiglu_tile
from vvcli.model.attention import CacheView


@dataclass(frozen=True)
class StackPlan:
    """Tiles of a layer's four products and the chunks of its attention; all have equal warps.

    The columns of `gate_up` must be enough for one program per multiprocessor to make them all.
    """

    qkv: Tile
    o: Tile
    gate_up: Tile
    down: Tile
    chunks: Chunks


@dataclass(frozen=True)
class Stack:
    """The weights of all layers, [L, N, K] each; norms' weights are in the product after them."""

    qkv: Tensor
    bias: Tensor  # [L, N]
    o: Tensor
    gate_up: Tensor
    down: Tensor
    eps: float


@triton.jit(do_not_specialize=["M", "S", "rows", "layers"])
def layers_kernel(
    x, sums, sums_between, q, attended, inner, partial, partial_keys, counters, barrier,
    w_qkv, bias, w_o, w_gate_up, w_down, rope, positions, index, kv,
    M, S, rows, layers, layer_stride, plane, row_stride, capacity, scale,
    ANGLES: tl.constexpr, HEADS: tl.constexpr, KV_HEADS: tl.constexpr, D: tl.constexpr,
    H: tl.constexpr, INNER: tl.constexpr, EPS: tl.constexpr, SHARE: tl.constexpr,
    BM: tl.constexpr, BN_QKV: tl.constexpr, BK_QKV: tl.constexpr, ST_QKV: tl.constexpr,
    BN_O: tl.constexpr, BK_O: tl.constexpr, ST_O: tl.constexpr,
    BN_UP: tl.constexpr, BK_UP: tl.constexpr, ST_UP: tl.constexpr,
    BN_DOWN: tl.constexpr, BK_DOWN: tl.constexpr, ST_DOWN: tl.constexpr, SPLIT: tl.constexpr,
    QUERIES: tl.constexpr, KEYS: tl.constexpr, SPLITS: tl.constexpr, ST_KEYS: tl.constexpr,
    AHEAD: tl.constexpr,
):  # fmt: skip
    """See `run_layers`. Grid: programs that all run at once."""
    program, count = tl.program_id(0), tl.num_programs(0)
    N_QKV: tl.constexpr = (HEADS + 2 * KV_HEADS) * D
    WIDTH: tl.constexpr = HEADS * D
    PARTS: tl.constexpr = triton.cdiv(H, BN_DOWN)
    PARTS_BETWEEN: tl.constexpr = triton.cdiv(H, BN_O)
    row_tiles = tl.cdiv(M, BM)
    heads: tl.constexpr = HEADS + 2 * KV_HEADS
    TILES: tl.constexpr = D // 2 // BN_QKV
    target = 0
    for layer in range(layers):
        at = tl.full((), 0, tl.int64) + layer
        qkv_w, qkv_b = w_qkv + at * (N_QKV * H), bias + layer * N_QKV
        o_w, up_w = w_o + at * (H * WIDTH), w_gate_up + at * (2 * INNER * H)
        down_w, cache = w_down + at * (H * INNER), kv + at * layer_stride
        for tile in range(program, row_tiles * (heads * TILES), count):
            qkv_tile(
                tile, x, qkv_w, qkv_b, sums, rope, positions, index, q, cache, M, plane,
                row_stride, capacity, S, ANGLES, HEADS, KV_HEADS, D, H, BM, BN_QKV, BK_QKV, PARTS,
                EPS, ST_QKV,
            )  # fmt: skip
        arrive(barrier)
        if AHEAD:
            _ask(o_w, program, row_tiles, BN_O, H, WIDTH, 1)
            columns = program // row_tiles * SHARE + tl.arange(0, BN_UP)
            columns = tl.minimum(columns, program // row_tiles * SHARE + SHARE - 1)
            prefetch(up_w, columns, 0, INNER, H, H)
            prefetch(up_w + INNER * H, columns, 0, INNER, H, H)
        target += count
        await_arrivals(barrier, target)
        for part in range(program, rows * (KV_HEADS * SPLITS), count):
            attention_tile(
                part // (KV_HEADS * SPLITS), part // SPLITS % KV_HEADS, part % SPLITS, q, cache,
                positions, index, attended, partial_keys, counters, plane, row_stride, capacity, S,
                scale, HEADS, KV_HEADS, D, QUERIES, KEYS, SPLITS, ST_KEYS,
            )  # fmt: skip
        arrive(barrier)
        if AHEAD:
            _ask(down_w, program, row_tiles, BN_DOWN, H, INNER, SPLIT)
        target += count
        await_arrivals(barrier, target)
        for tile in range(program, row_tiles * triton.cdiv(H, BN_O), count):
            linear_tile(
                tile, 0, attended, o_w, x, None, x, None, None, sums_between, None, None, M, WIDTH,
                0, H, WIDTH, BM, BN_O, BK_O, 1, False, False, 0, EPS, ST_O,
            )  # fmt: skip
        arrive(barrier)
        target += count
        await_arrivals(barrier, target)
        for tile in range(program, row_tiles * triton.cdiv(INNER, SHARE), count):
            swiglu_tile(
                tile, x, up_w, inner, sums_between, None, None, M, 0, SHARE, INNER, H, BM, BN_UP,
                BK_UP, PARTS_BETWEEN, EPS, ST_UP,
            )  # fmt: skip
        arrive(barrier)
        if AHEAD and layer + 1 < layers:
            tile = program // row_tiles
            following = tile // TILES * D + tile % TILES * BN_QKV + tl.arange(0, BN_QKV)
            prefetch(qkv_w + N_QKV * H, following, 0, N_QKV, H, H)
            prefetch(qkv_w + N_QKV * H, following + D // 2, 0, N_QKV, H, H)
        target += count
        await_arrivals(barrier, target)
        for part in range(program, row_tiles * (triton.cdiv(H, BN_DOWN) * SPLIT), count):
            linear_tile(
                part // SPLIT, part % SPLIT, inner, down_w, x, None, x, None, None, sums, partial,
                counters, M, INNER, 0, H, INNER, BM, BN_DOWN, BK_DOWN, SPLIT, False, False, 0, EPS,
                ST_DOWN,
            )  # fmt: skip
        arrive(barrier)
        target += count
        await_arrivals(barrier, target)
    leave(barrier)


@triton.jit
def _ask(
    w, program, row_tiles, BN: tl.constexpr, N: tl.constexpr, K: tl.constexpr, SPLIT: tl.constexpr
):
    """Bring the first tile of a program into the L2 cache."""
    rows = program // SPLIT // row_tiles * BN + tl.arange(0, BN)
    prefetch(w, rows, program % SPLIT * (K // SPLIT), N, K, K // SPLIT)


def run_layers(
    x: Tensor, sums: RowSums, stack: Stack, rope: Tensor, cache: CacheView, plan: StackPlan,
    *, ahead: bool = True,
) -> None:  # fmt: skip
    """Take the rows `x` [R·S, H], in place, through all layers.

    Args:
        sums: of x, in as many parts as the last product leaves; in the end those of the result.
        rope: cosines and sines, [positions, 2, D] float32.
        ahead: ask for weights before they are needed.
    """
    device = x.device
    rows, steps = cache.positions.shape
    tokens, hidden = x.shape
    kv_heads, capacity, head_dim = cache.kv.shape[3:]
    heads = stack.qkv.shape[1] // head_dim - 2 * kv_heads
    width, inner_size = heads * head_dim, stack.down.shape[2]
    count = programs(device)
    row_tiles = triton.cdiv(tokens, plan.o.rows)
    share = min(plan.gate_up.columns, triton.cdiv(inner_size * row_tiles, count))
    queries = max(16, triton.next_power_of_2(steps * heads // kv_heads))
    between = RowSums.allocate(tokens, triton.cdiv(hidden, plan.o.columns), stack.eps, device)

    def scratch(size: int) -> Tensor:
        return torch.empty(size, dtype=torch.float32, device=device)

    partial = partial_keys = None
    shared = row_tiles * triton.cdiv(hidden, plan.down.columns)
    if plan.down.split > 1:
        partial = scratch(shared * plan.down.split * plan.down.rows * plan.down.columns)
    if plan.chunks.splits > 1:
        partial_keys = scratch(rows * kv_heads * plan.chunks.splits * queries * (head_dim + 2))
    layers_kernel[(count,)](
        x, sums.values, between.values,
        torch.empty(tokens, width, dtype=x.dtype, device=device),
        torch.empty(tokens, width, dtype=x.dtype, device=device),
        torch.empty(tokens, inner_size, dtype=x.dtype, device=device),
        partial, partial_keys, arrivals(device, max(shared, rows * kv_heads)), barrier(device),
        stack.qkv, stack.bias, stack.o, stack.gate_up, stack.down, rope, cache.positions,
        cache.rows, cache.kv, tokens, steps, rows, stack.qkv.shape[0],
        cache.kv.stride(0), cache.kv.stride(1), cache.kv.stride(2), capacity,
        math.log2(math.e) / math.sqrt(head_dim),
        ANGLES=rope.shape[0], HEADS=heads, KV_HEADS=kv_heads, D=head_dim, H=hidden,
        INNER=inner_size, EPS=stack.eps, SHARE=share, BM=plan.o.rows,
        BN_QKV=min(plan.qkv.columns, head_dim // 2), BK_QKV=plan.qkv.depth, ST_QKV=plan.qkv.stages,
        BN_O=plan.o.columns, BK_O=plan.o.depth, ST_O=plan.o.stages,
        BN_UP=plan.gate_up.columns, BK_UP=plan.gate_up.depth, ST_UP=plan.gate_up.stages,
        BN_DOWN=plan.down.columns, BK_DOWN=plan.down.depth, ST_DOWN=plan.down.stages,
        SPLIT=plan.down.split, QUERIES=queries, KEYS=plan.chunks.keys, SPLITS=plan.chunks.splits,
        ST_KEYS=plan.chunks.stages, AHEAD=ahead and not INTERPRETED.value,
        num_warps=plan.o.warps, launch_cooperative_grid=True,
    )  # fmt: skip
