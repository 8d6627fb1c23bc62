"""The head's whole sampling loop in one launch, for few rows; see `layers` for why.

The modulations of all steps, which depend on the condition alone, are made before.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.kernels.blocks import INTERPRETED, prefetch
from vvcli.engine.kernels.elementwise import normalise_row
from vvcli.engine.kernels.grid import arrive, await_arrivals, barrier, leave, programs
from vvcli.engine.kernels.linear import Tile, arrivals, linear_tile
from vvcli.engine.kernels.projection import swiglu_tile
from vvcli.engine.kernels.solver import (
    COLUMNS,
    DEPTH,
    STREAMS,
    Latents,
    Seam,
    input_tile,
    solver_tile,
)


@dataclass(frozen=True)
class LoopPlan:
    """Tiles of a layer's products, of equal warps; `apart` as in `HeadPlan`.

    The columns of `gate_up` must be enough for one program per multiprocessor to make them all.
    """

    gate_up: Tile
    down: Tile
    apart: bool


@triton.jit(do_not_specialize=["B", "steps"])
def loop_kernel(
    h, sums, x, x0, normed, inner, partial, counters, barrier, w_gate_up, w_down, modulation,
    w_in, w_out, guidance, factors, B, steps, modulation_stride,
    H: tl.constexpr, INNER: tl.constexpr, L: tl.constexpr, LAYERS: tl.constexpr,
    EPS: tl.constexpr, FINAL_EPS: tl.constexpr, SHARE: tl.constexpr, BM: tl.constexpr,
    BN_UP: tl.constexpr, BK_UP: tl.constexpr, ST_UP: tl.constexpr, BN_DOWN: tl.constexpr,
    BK_DOWN: tl.constexpr, ST_DOWN: tl.constexpr, SPLIT: tl.constexpr, STREAMS: tl.constexpr,
    BK_OUT: tl.constexpr, BN_IN: tl.constexpr, APART: tl.constexpr, AHEAD: tl.constexpr,
):  # fmt: skip
    """See `run_loop`. Grid: programs that all run at once.

    `h`, `sums`, `x` and `x0` have two places each: a step reads from one and leaves the next
    step's input in the other.
    """
    program, count = tl.program_id(0), tl.num_programs(0)
    PARTS: tl.constexpr = triton.cdiv(H, BN_DOWN)
    M = 2 * B
    row_tiles = tl.cdiv(M, BM)
    stream_tiles = tl.cdiv(B, STREAMS)
    column = program // row_tiles * SHARE + tl.minimum(tl.arange(0, BN_UP), SHARE - 1)
    row = program // SPLIT // row_tiles * BN_DOWN + tl.arange(0, BN_DOWN)
    first = program % SPLIT * (INNER // SPLIT)
    SHARES: tl.constexpr = triton.cdiv(H, BN_IN)
    target = 0
    for step in range(steps):
        here, there = step % 2, (step + 1) % 2
        own_h, own_sums = h + here * (M * H), sums + here * (M * PARTS)
        of_step = modulation + (tl.full((), 0, tl.int64) + step) * M * modulation_stride
        for layer in range(LAYERS):
            shift = of_step + 3 * layer * H
            up_w = w_gate_up + layer * (2 * INNER * H)
            down_w = w_down + layer * (H * INNER)
            after = (layer + 1) % LAYERS
            if APART:
                for token in range(program, M, count):
                    normalise_row(
                        token, own_h, None, own_sums, shift, shift + H, normed, modulation_stride,
                        H, PARTS, EPS,
                    )  # fmt: skip
                arrive(barrier)
                target += count
                await_arrivals(barrier, target)
            for tile in range(program, row_tiles * triton.cdiv(INNER, SHARE), count):
                if APART:
                    swiglu_tile(
                        tile, normed, up_w, inner, None, None, None, M, 0, SHARE, INNER, H, BM,
                        BN_UP, BK_UP, PARTS, EPS, ST_UP,
                    )  # fmt: skip
                else:
                    swiglu_tile(
                        tile, own_h, up_w, inner, own_sums, shift, shift + H, M, modulation_stride,
                        SHARE, INNER, H, BM, BN_UP, BK_UP, PARTS, EPS, ST_UP,
                    )  # fmt: skip
            arrive(barrier)
            if AHEAD:
                prefetch(w_gate_up + after * (2 * INNER * H), column, 0, INNER, H, H)
                prefetch(w_gate_up + (after * 2 + 1) * (INNER * H), column, 0, INNER, H, H)
            target += count
            await_arrivals(barrier, target)
            for part in range(program, row_tiles * (PARTS * SPLIT), count):
                linear_tile(
                    part // SPLIT, part % SPLIT, inner, down_w, own_h, None, own_h, shift + 2 * H,
                    None, own_sums, partial, counters, M, INNER, modulation_stride, H, INNER, BM,
                    BN_DOWN, BK_DOWN, SPLIT, False, False, 0, EPS, ST_DOWN,
                )  # fmt: skip
            arrive(barrier)
            if AHEAD:
                prefetch(w_down + after * (H * INNER), row, first, H, INNER, INNER // SPLIT)
            target += count
            await_arrivals(barrier, target)
        for part in range(program, stream_tiles * SHARES, count):
            tile, share = part // SHARES, part % SHARES
            shift = of_step + 3 * LAYERS * H
            value = solver_tile(
                tile, share == 0, own_h, own_sums, shift, shift + H, w_out, guidance,
                factors + step * 8, x + here * (B * L), x0 + here * (B * L), x + there * (B * L),
                x0 + there * (B * L), B, modulation_stride, H, L, STREAMS, BK_OUT, PARTS,
                FINAL_EPS, 4,
            )  # fmt: skip
            if step + 1 < steps:
                input_tile(
                    tile, share, value, w_in, h + there * (M * H), sums + there * (M * PARTS), B,
                    H, L, STREAMS, BN_IN, PARTS,
                )  # fmt: skip
        if step + 1 < steps:
            arrive(barrier)
            target += count
            await_arrivals(barrier, target)
    leave(barrier)


def run_loop(
    start: Latents, seam: Seam, weights: tuple[Tensor, Tensor], modulation: Tensor,
    guidance: Tensor, factors: Tensor, plan: LoopPlan, *, ahead: bool = True,
) -> Tensor:  # fmt: skip
    """The latents [B, latent] float64 that sampling from `start` leads to.

    Args:
        start: from `Seam.begin` with `places=2`.
        weights: of gate and up [layers, 2N, H] and of down [layers, H, N].
        modulation: [steps, 2B, …]: shift, scale and gate of each layer, shift and scale at the end.
        factors: of `coefficients`, [steps, 8].
        ahead: ask for weights before they are needed.
    """
    w_gate_up, w_down = weights
    layers, hidden, inner_size = w_down.shape
    steps, rows, _ = modulation.shape
    batch, latent = start.x.shape[-2:]
    device = w_down.device
    count = programs(device)
    row_tiles = triton.cdiv(rows, plan.down.rows)
    share = min(plan.gate_up.columns, triton.cdiv(inner_size * row_tiles, count))
    tiles = row_tiles * triton.cdiv(hidden, plan.down.columns)
    partial = None
    if plan.down.split > 1:
        size = tiles * plan.down.split * plan.down.rows * plan.down.columns
        partial = torch.empty(size, dtype=torch.float32, device=device)
    loop_kernel[(count,)](
        start.h, start.sums.values, start.x, start.x0,
        torch.empty(rows, hidden, dtype=w_down.dtype, device=device) if plan.apart else None,
        torch.empty(rows, inner_size, dtype=w_down.dtype, device=device),
        partial, arrivals(device, tiles), barrier(device), w_gate_up, w_down, modulation,
        seam.w_in, seam.w_out, guidance, factors, batch, steps, modulation.stride(1),
        H=hidden, INNER=inner_size, L=latent, LAYERS=layers, EPS=start.sums.eps,
        FINAL_EPS=seam.eps, SHARE=share, BM=plan.down.rows,
        BN_UP=plan.gate_up.columns, BK_UP=plan.gate_up.depth, ST_UP=plan.gate_up.stages,
        BN_DOWN=plan.down.columns, BK_DOWN=plan.down.depth, ST_DOWN=plan.down.stages,
        SPLIT=plan.down.split, STREAMS=STREAMS, BK_OUT=DEPTH, BN_IN=COLUMNS, APART=plan.apart,
        AHEAD=ahead and not INTERPRETED.value,
        num_warps=plan.down.warps, launch_cooperative_grid=True,
    )  # fmt: skip
    return start.x[steps % 2]
