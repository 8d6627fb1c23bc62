"""Between the head's layers: velocity, guidance, a DPM-Solver++ step, the next input."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.backends.triton.common.card import HOPPER, Card
from vvcli.engine.backends.triton.common.primitives import dot, load_rows, load_weight
from vvcli.engine.backends.triton.common.row_sums import RowSums, load_inverse_rms
from vvcli.engine.backends.triton.common.tile import Tile, fit
from vvcli.model.diffusion_head import SolverStep

STREAMS = 16  # of a program, which are 32 rows
DEPTH = 128
COLUMNS = 128  # of the next input that a program makes at a time


def coefficients(steps: tuple[SolverStep, ...], device: torch.device) -> Tensor:
    """The coefficients of all steps, [steps, 8] float64: Triton passes a Python float as float32.

    Rows of 64 bytes keep the alignment of a pointer, which a kernel is specialised on, the same.
    """
    rows = [(step.alpha, step.sigma, step.c_x, step.c_x0, step.c_before, 0, 0, 0) for step in steps]
    return torch.tensor(rows, dtype=torch.float64, device=device)


@triton.jit
def solver_tile(
    tile, first, h_ptr, sums_ptr, shift_ptr, scale_ptr, w_out_ptr, guidance_ptr, factors_ptr, x_ptr,
    x0_ptr, x_next_ptr, x0_next_ptr, B, modulation_row_stride, H: tl.constexpr, L: tl.constexpr,
    STREAMS: tl.constexpr, BLOCK_K: tl.constexpr, PARTS: tl.constexpr, EPS: tl.constexpr,
):  # fmt: skip
    """Where a step takes a tile of streams, [STREAMS, L] float64; stored if `first`.

    Rows 2i and 2i + 1 of `h` [2B, H] are stream i with and without its text.
    """
    streams = tile * STREAMS + tl.arange(0, STREAMS)
    ok = (streams < B)[:, None]
    at = streams[:, None] * L + tl.arange(0, L)[None, :]
    rows = tile * (2 * STREAMS) + tl.arange(0, 2 * STREAMS)
    row_ok = rows < 2 * B
    latents = tl.arange(0, L)
    strength = tl.load(guidance_ptr + streams, mask=streams < B, other=0.0).to(tl.float64)
    before = tl.load(x_ptr + at, mask=ok, other=0.0)
    inverse = load_inverse_rms(sums_ptr, rows, row_ok, H, EPS, PARTS)[:, None]
    COVERED: tl.constexpr = triton.cdiv(H, BLOCK_K) * BLOCK_K
    velocity = tl.zeros((2 * STREAMS, L), tl.float32)
    for k in range(0, COVERED, BLOCK_K):
        columns = k + tl.arange(0, BLOCK_K)
        a = load_rows(h_ptr, rows, row_ok, H, columns, H, COVERED).to(tl.float32)
        b = load_rows(scale_ptr, rows, row_ok, modulation_row_stride, columns, H, COVERED)
        c = load_rows(shift_ptr, rows, row_ok, modulation_row_stride, columns, H, COVERED)
        a = (a * inverse * b.to(tl.float32) + c.to(tl.float32)).to(tl.bfloat16)
        velocity = dot(a, load_weight(w_out_ptr, latents, columns, L, L, H, COVERED).T, velocity)
    pairs = tl.permute(tl.reshape(velocity, (STREAMS, 2, L)), (0, 2, 1))
    conditional, unconditional = tl.split(pairs.to(tl.float64))
    v = unconditional + strength[:, None] * (conditional - unconditional)
    clean = tl.load(factors_ptr) * before - tl.load(factors_ptr + 1) * v
    value = tl.load(factors_ptr + 2) * before + tl.load(factors_ptr + 3) * clean
    value += tl.load(factors_ptr + 4) * tl.load(x0_ptr + at, mask=ok, other=0.0)
    tl.store(x0_next_ptr + at, clean, mask=ok & first)
    tl.store(x_next_ptr + at, value, mask=ok & first)
    return value


@triton.jit
def input_tile(
    tile, column_tile, value, w_in_ptr, h_next_ptr, sums_next_ptr, B, H: tl.constexpr,
    L: tl.constexpr, STREAMS: tl.constexpr, BLOCK_N: tl.constexpr, PARTS: tl.constexpr,
):  # fmt: skip
    """BN columns of both rows of the head's input at `value` [STREAMS, L], and their sums."""
    streams = tile * STREAMS + tl.arange(0, STREAMS)
    stream_ok = streams < B
    ok = stream_ok[:, None]
    columns = column_tile * BLOCK_N + tl.arange(0, BLOCK_N)
    w = load_weight(w_in_ptr, columns, tl.arange(0, L), H, BLOCK_N, L, L)
    rounded = value.to(tl.float32).to(tl.bfloat16)
    y = dot(rounded, w.T, tl.zeros((STREAMS, BLOCK_N), tl.float32)).to(tl.bfloat16)
    inside = ok & (columns < H)[None, :]
    out = h_next_ptr + streams[:, None] * (2 * H) + columns[None, :]
    tl.store(out, y, mask=inside)
    tl.store(out + H, y, mask=inside)
    y = tl.where(inside, y.to(tl.float32), 0.0)
    total = tl.sum(y * y, 1)
    first = sums_next_ptr + streams * (2 * PARTS)
    tl.store(first + column_tile, total, mask=stream_ok)
    tl.store(first + PARTS + column_tile, total, mask=stream_ok)
    # The layers leave more sums a row than there are tiles: the others are zero.
    others = triton.cdiv(H, BLOCK_N) + tl.arange(0, triton.next_power_of_2(PARTS))
    empty = ok & (others < PARTS)[None, :] & (column_tile == 0)
    nothing = tl.zeros((STREAMS, triton.next_power_of_2(PARTS)), tl.float32)
    tl.store(first[:, None] + others[None, :], nothing, mask=empty)
    tl.store(first[:, None] + PARTS + others[None, :], nothing, mask=empty)


@triton.jit(do_not_specialize=["B"])
def begin_kernel(
    noise_ptr, frame_ptr, w_in_ptr, x_ptr, x0_ptr, h_ptr, sums_ptr, B, noise_row_stride, ring,
    H: tl.constexpr, L: tl.constexpr, STREAMS: tl.constexpr, BLOCK_N: tl.constexpr,
    PARTS: tl.constexpr,
):  # fmt: skip
    """See `FusedSolverStep.begin`. Grid (stream tiles, column tiles)."""
    streams = tl.program_id(0) * STREAMS + tl.arange(0, STREAMS)
    latents = tl.arange(0, L)
    ok = (streams < B)[:, None]
    start = streams.to(tl.int64) * noise_row_stride
    if frame_ptr is not None:
        start += tl.load(frame_ptr + streams, mask=streams < B, other=0) % ring * L
    value = tl.load(noise_ptr + start[:, None] + latents[None, :], mask=ok, other=0.0)
    value = value.to(tl.float64)
    own = streams[:, None] * L + latents[None, :]
    first = ok & (tl.program_id(1) == 0)
    tl.store(x_ptr + own, value, mask=first)
    tl.store(x0_ptr + own, tl.zeros((STREAMS, L), tl.float64), mask=first)  # no step was before
    input_tile(
        tl.program_id(0),
        tl.program_id(1),
        value,
        w_in_ptr,
        h_ptr,
        sums_ptr,
        B,
        H,
        L,
        STREAMS,
        BLOCK_N,
        PARTS,
    )


@triton.jit(do_not_specialize=["B"])
def solver_step_kernel(
    h_ptr, sums_ptr, shift_ptr, scale_ptr, w_out_ptr, guidance_ptr, factors_ptr, x_ptr, x0_ptr,
    w_in_ptr, x_next_ptr, x0_next_ptr, h_next_ptr, sums_next_ptr, B, modulation_row_stride,
    H: tl.constexpr, L: tl.constexpr, STREAMS: tl.constexpr, BLOCK_K: tl.constexpr,
    BLOCK_N: tl.constexpr, PARTS: tl.constexpr, EPS: tl.constexpr, LAST: tl.constexpr,
):  # fmt: skip
    """See `FusedSolverStep.step`. Grid (stream tiles, shares of the next input's columns).

    Every share computes the same step again, which is less than a second launch.
    """
    tile, share = tl.program_id(0), tl.program_id(1)
    value = solver_tile(
        tile, share == 0, h_ptr, sums_ptr, shift_ptr, scale_ptr, w_out_ptr, guidance_ptr,
        factors_ptr, x_ptr, x0_ptr, x_next_ptr, x0_next_ptr, B, modulation_row_stride, H, L,
        STREAMS, BLOCK_K, PARTS, EPS,
    )  # fmt: skip
    if not LAST:
        for column_tile in range(share, triton.cdiv(H, BLOCK_N), tl.num_programs(1)):
            input_tile(
                tile,
                column_tile,
                value,
                w_in_ptr,
                h_next_ptr,
                sums_next_ptr,
                B,
                H,
                L,
                STREAMS,
                BLOCK_N,
                PARTS,
            )


@dataclass
class SolverState:
    """A point on the way from noise to latents, and the head's input there."""

    x: Tensor  # [B, latent] float64
    x0: Tensor  # [B, latent] float64: the last step's estimate of the end, or zero
    h: Tensor  # [2B, H]
    sums: RowSums  # of h


class FusedSolverStep:
    """One solver step: from the output of the head's last layer to the input of its first.

    Args:
        w_in: noisy_images_proj's weight [H, latent].
        w_out: final_linear's weight [latent, H].
        eps: of the norm before `w_out`.
        layer_eps: of the norm after `w_in`.
        card: to choose depth and stages for.
    """

    def __init__(
        self, w_in: Tensor, w_out: Tensor, eps: float, layer_eps: float, card: Card = HOPPER
    ) -> None:
        self.w_in = w_in
        self.w_out = w_out
        self.eps = eps
        self.layer_eps = layer_eps
        # Rows of the layers' output, of shifts and of scales are on their way at once.
        tile = Tile(2 * STREAMS, w_out.shape[0], DEPTH, num_warps=4, num_stages=4)
        self._tile = fit(tile, card, rows=3 * tile.block_m)

    def begin(
        self, noise: Tensor, frame: Tensor | None, batch: int, parts: int, columns: int
    ) -> SolverState:
        """Start at `noise` [B, latent], or at rows `frame` [B] modulo R of `noise` [N, R, latent].

        `parts` and `columns` are those of the sums that the head's layers leave.
        """
        (hidden, latent), state = self.w_in.shape, self._allocate(batch, parts)
        width = max(COLUMNS, columns)
        begin_kernel[(triton.cdiv(batch, STREAMS), triton.cdiv(hidden, width))](
            noise, frame, self.w_in, state.x, state.x0, state.h, state.sums.values, batch,
            noise.stride(0), 0 if frame is None else noise.shape[1],
            H=hidden, L=latent, STREAMS=STREAMS, BLOCK_N=width, PARTS=parts, num_warps=4,
        )  # fmt: skip
        return state

    def step(
        self, state: SolverState, modulation: tuple[Tensor, Tensor], guidance: Tensor,
        factors: Tensor, columns: int, *, last: bool,
    ) -> SolverState:  # fmt: skip
        """From the rows `state.h` that the last layer left to the next step's input.

        `modulation` is the final layer's shift and scale, [2B, H]; `factors` a row of
        `coefficients`. After the last step only `x` is meant to be read.
        """
        (hidden, latent), batch, parts = self.w_in.shape, state.x.shape[0], state.sums.parts
        next_state = self._allocate(batch, parts)
        shift, scale = modulation
        tiles, width = triton.cdiv(batch, STREAMS), max(COLUMNS, columns)
        shares = 1 if last else min(triton.cdiv(hidden, width), max(1, 128 // tiles))
        solver_step_kernel[(tiles, shares)](
            state.h, state.sums.values, shift, scale, self.w_out, guidance, factors, state.x,
            state.x0, self.w_in, next_state.x, next_state.x0, next_state.h, next_state.sums.values,
            batch, scale.stride(0), H=hidden, L=latent, STREAMS=STREAMS, BLOCK_K=self._tile.block_k,
            BLOCK_N=width, PARTS=parts, EPS=self.eps, LAST=last, **self._tile.options(),
        )  # fmt: skip
        return next_state

    def _allocate(self, batch: int, parts: int) -> SolverState:
        (hidden, latent), device = self.w_in.shape, self.w_in.device
        return SolverState(
            x=torch.empty(batch, latent, dtype=torch.float64, device=device),
            x0=torch.empty(batch, latent, dtype=torch.float64, device=device),
            h=torch.empty(2 * batch, hidden, dtype=self.w_in.dtype, device=device),
            sums=RowSums.allocate(2 * batch, parts, self.layer_eps, device),
        )
