"""The seam between two solver steps: velocity, guidance, the step itself, the next input."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from vvcli.engine.kernels.blocks import dot, load_rows, load_weight, row_scale, wait
from vvcli.engine.kernels.linear import RowSums
from vvcli.model.solver import SolverStep

STREAMS = 16  # of a program, which are 32 rows
DEPTH = 128
COLUMNS = 128  # of the next input that a program makes at a time


def coefficients(steps: tuple[SolverStep, ...], device: torch.device) -> Tensor:
    """What a step computes with, [steps, 8] float64: Triton passes a Python float as float32.

    Rows of 64 bytes keep the alignment of a pointer, which a kernel is specialised on, the same.
    """
    rows = [(step.alpha, step.sigma, step.keep, step.now, step.before, 0, 0, 0) for step in steps]
    return torch.tensor(rows, dtype=torch.float64, device=device)


@triton.jit(do_not_specialize=["B"])
def seam_kernel(
    h, sums, shift, scale, w_out, guidance, factors, x, x0, noise, frame, w_in, x_next, x0_next,
    h_next, sums_next, B, modulation_stride, slot_stride, ring,
    H: tl.constexpr, L: tl.constexpr, STREAMS: tl.constexpr, BK: tl.constexpr, BN: tl.constexpr,
    PARTS: tl.constexpr, EPS: tl.constexpr, LAST: tl.constexpr, OVERLAP: tl.constexpr,
):  # fmt: skip
    """Grid (stream tiles, shares of the next input's columns).

    Rows 2i and 2i + 1 of `h` [2B, H] are stream i with and without its text. Every share computes
    the same step again, which is less than a second launch; the first one stores it.
    """
    if OVERLAP:
        wait()
    streams = tl.program_id(0) * STREAMS + tl.arange(0, STREAMS)
    stream_ok = streams < B
    latents = tl.arange(0, L)
    ok = stream_ok[:, None]
    at = streams[:, None] * L + latents[None, :]
    if h is None:
        if frame is None:
            start = streams.to(tl.int64) * slot_stride
        else:
            made = tl.load(frame + streams, mask=stream_ok, other=0)
            start = streams.to(tl.int64) * slot_stride + made % ring * L
        value = tl.load(noise + start[:, None] + latents[None, :], mask=ok, other=0.0)
        value = value.to(tl.float64)
    else:
        rows = tl.program_id(0) * (2 * STREAMS) + tl.arange(0, 2 * STREAMS)
        row_ok = rows < 2 * B
        inverse = row_scale(sums, rows, row_ok, H, EPS, PARTS)[:, None]
        COVERED: tl.constexpr = triton.cdiv(H, BK) * BK
        velocity = tl.zeros((2 * STREAMS, L), tl.float32)
        for k in range(0, COVERED, BK):
            columns = k + tl.arange(0, BK)
            a = load_rows(h, rows, row_ok, H, columns, H, COVERED).to(tl.float32)
            b = load_rows(scale, rows, row_ok, modulation_stride, columns, H, COVERED)
            c = load_rows(shift, rows, row_ok, modulation_stride, columns, H, COVERED)
            a = (a * inverse * b.to(tl.float32) + c.to(tl.float32)).to(tl.bfloat16)
            velocity = dot(a, load_weight(w_out, latents, columns, L, L, H, COVERED).T, velocity)
        pairs = tl.permute(tl.reshape(velocity, (STREAMS, 2, L)), (0, 2, 1))
        conditional, unconditional = tl.split(pairs.to(tl.float64))
        strength = tl.load(guidance + streams, mask=stream_ok, other=0.0).to(tl.float64)
        v = unconditional + strength[:, None] * (conditional - unconditional)
        before = tl.load(x + at, mask=ok, other=0.0)
        clean = tl.load(factors) * before - tl.load(factors + 1) * v
        value = tl.load(factors + 2) * before + tl.load(factors + 3) * clean
        if x0 is not None:
            value += tl.load(factors + 4) * tl.load(x0 + at, mask=ok, other=0.0)
        if x0_next is not None:
            tl.store(x0_next + at, clean, mask=ok & (tl.program_id(1) == 0))
    tl.store(x_next + at, value, mask=ok & (tl.program_id(1) == 0))
    if not LAST:
        rounded = value.to(tl.float32).to(tl.bfloat16)
        TILES: tl.constexpr = triton.cdiv(H, BN)
        for tile in range(tl.program_id(1), TILES, tl.num_programs(1)):
            columns = tile * BN + tl.arange(0, BN)
            w = load_weight(w_in, columns, latents, H, BN, L, L)
            y = dot(rounded, w.T, tl.zeros((STREAMS, BN), tl.float32)).to(tl.bfloat16)
            inside = ok & (columns < H)[None, :]
            out = h_next + streams[:, None] * (2 * H) + columns[None, :]
            tl.store(out, y, mask=inside)
            tl.store(out + H, y, mask=inside)
            y = tl.where(inside, y.to(tl.float32), 0.0)
            total = tl.sum(y * y, 1)
            first = sums_next + streams * (2 * PARTS)
            tl.store(first + tile, total, mask=stream_ok)
            tl.store(first + PARTS + tile, total, mask=stream_ok)
            # The layers leave more sums a row than there are tiles here: the others are zero.
            others = TILES + tl.arange(0, triton.next_power_of_2(PARTS))
            empty = ok & (others < PARTS)[None, :] & (tile == 0)
            nothing = tl.zeros((STREAMS, triton.next_power_of_2(PARTS)), tl.float32)
            tl.store(first[:, None] + others[None, :], nothing, mask=empty)
            tl.store(first[:, None] + PARTS + others[None, :], nothing, mask=empty)


@dataclass
class Latents:
    """A point on the way from noise to latents, and the head's input there."""

    x: Tensor  # [B, latent] float64
    x0: Tensor | None  # [B, latent] float64: the last step's estimate of the end
    h: Tensor  # [2B, H]
    sums: RowSums  # of h


class Seam:
    """What lies between the head's layers: from one step's last to the next step's first.

    Args:
        w_in: noisy_images_proj's weight [H, latent].
        w_out: final_linear's weight [latent, H].
        eps: of the norm before `w_out`.
        layer_eps: of the norm after `w_in`.
    """

    def __init__(self, w_in: Tensor, w_out: Tensor, eps: float, layer_eps: float) -> None:
        self.w_in = w_in
        self.w_out = w_out
        self.eps = eps
        self.layer_eps = layer_eps

    def begin(
        self, noise: Tensor, frame: Tensor | None, batch: int, parts: int, columns: int,
        *, overlap: bool = False,
    ) -> Latents:  # fmt: skip
        """Start at `noise` [B, latent], or at rows `frame` [B] modulo R of `noise` [N, R, latent].

        `parts` and `columns` are those of the sums that the head's layers leave.
        """
        return self._launch(
            None, None, None, noise, frame, batch, parts, columns, overlap=overlap, last=False
        )

    def step(
        self, here: Latents, modulation: tuple[Tensor, Tensor], guidance: Tensor,
        factors: Tensor, columns: int, *, last: bool, overlap: bool = False,
    ) -> Latents:  # fmt: skip
        """From the rows `here.h` that the last layer left to the next step's input.

        `modulation` is the final layer's shift and scale, [2B, H]; `factors` a row of
        `coefficients`. After the last step only `x` is meant to be read.
        """
        batch = here.x.shape[0]
        return self._launch(
            here, modulation, (guidance, factors), None, None, batch, here.sums.parts, columns,
            overlap=overlap, last=last,
        )  # fmt: skip

    def _launch(
        self, here: Latents | None, modulation: tuple[Tensor, Tensor] | None,
        solver: tuple[Tensor, Tensor] | None, noise: Tensor | None, frame: Tensor | None,
        batch: int, parts: int, columns: int, *, last: bool, overlap: bool,
    ) -> Latents:  # fmt: skip
        (hidden, latent), device = self.w_in.shape, self.w_in.device
        x = torch.empty(batch, latent, dtype=torch.float64, device=device)
        x0 = None if here is None or last else torch.empty_like(x)
        h, sums = self.w_in, RowSums(self.w_in, self.layer_eps)  # not written by the last step
        if not last:
            h = torch.empty(2 * batch, hidden, dtype=self.w_in.dtype, device=device)
            sums = RowSums.allocate(2 * batch, parts, self.layer_eps, device)
        shift, scale = modulation or (None, None)
        guidance, factors = solver or (None, None)
        tiles = triton.cdiv(batch, STREAMS)
        width = max(COLUMNS, columns)
        shares = 1 if last else min(triton.cdiv(hidden, width), max(1, 128 // tiles))
        seam_kernel[(tiles, shares)](
            here.h if here else None, here.sums.values if here else None, shift, scale,
            self.w_out, guidance, factors, here.x if here else None, here.x0 if here else None,
            noise, frame, self.w_in, x, x0, h, sums.values, batch,
            scale.stride(0) if scale is not None else 0,
            noise.stride(0) if noise is not None else 0,
            noise.shape[1] if noise is not None and frame is not None else 0,
            H=hidden, L=latent, STREAMS=STREAMS, BK=DEPTH, BN=width, PARTS=parts, EPS=self.eps,
            LAST=last, OVERLAP=overlap, num_warps=4, num_stages=4, launch_pdl=overlap,
        )  # fmt: skip
        return Latents(x, x0, h, sums)
