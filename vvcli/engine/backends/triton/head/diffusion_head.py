"""The diffusion head's sampling loop on kernels, nine or more a step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor, nn

from vvcli.engine.backends.triton.common.card import Card, card_of
from vvcli.engine.backends.triton.common.linear import linear
from vvcli.engine.backends.triton.common.norm import normalise
from vvcli.engine.backends.triton.common.primitives import INTERPRETED, dot, load_rows, load_weight
from vvcli.engine.backends.triton.common.residual import add, add_and_normalise
from vvcli.engine.backends.triton.common.swiglu import gate, gated
from vvcli.engine.backends.triton.common.tile import ANY, Tile, fit, pick
from vvcli.engine.backends.triton.head.solver_step import (
    COLUMNS,
    FusedSolverStep,
    SolverState,
    coefficients,
)
from vvcli.model.diffusion_head import DiffusionHead, HeadLayer, SolverStep, SolverTable


@dataclass(frozen=True)
class HeadPlan:
    """Tiles of the head's products; None leaves a product to cuBLAS.

    `apart` gives the modulated norm a kernel of its own: with many rows, doing it again in every
    column tile costs more than a launch. Without a tile for `gate_up` it is apart anyway.
    """

    condition: Tile
    gate_up: Tile | None
    down: Tile | None
    apart: bool

    def fitted(self, card: Card) -> HeadPlan:
        """The same within the shared memory of `card`."""
        gate_up = self.gate_up
        if gate_up is not None:
            # With the norm in the product, shift and scale are loaded beside every step's rows.
            rows = gate_up.block_m * (1 if self.apart else 3)
            gate_up = fit(gate_up, card, rows=rows, columns=2 * gate_up.block_n)
        down = self.down and fit(self.down, card)
        return replace(self, condition=fit(self.condition, card), gate_up=gate_up, down=down)


# By number of rows (two per stream), up to and including; chosen by time on an H200.
PLANS: dict[int, HeadPlan] = {
    16: HeadPlan(
        condition=Tile(16, 8, 128, 2, 7),
        gate_up=Tile(16, 32, 128, 4, 4),
        down=Tile(16, 32, 128, 4, 7, split_k=4),
        apart=False,
    ),
    64: HeadPlan(
        condition=Tile(64, 16, 128, 4, 4),
        gate_up=Tile(64, 32, 64, 4, 6),
        down=Tile(64, 32, 128, 4, 6, split_k=4),
        apart=True,
    ),
    192: HeadPlan(
        condition=Tile(64, 32, 64, 4, 5),
        gate_up=None,
        down=Tile(64, 32, 64, 4, 6, split_k=4),
        apart=True,
    ),
    ANY: HeadPlan(condition=Tile(64, 64, 64, 4, 4), gate_up=None, down=None, apart=True),
}

# By number of rows (two per stream and solver step), up to and including.
MODULATION: dict[int, Tile | None] = {16: Tile(16, 32, 128, 4, 6), ANY: None}


def supports(head: DiffusionHead) -> bool:
    """Whether the kernels can stand in for `head`."""
    weight, latent = head.cond_proj.weight, head.config.latent_size
    return (
        weight.dtype == torch.bfloat16
        and (weight.device.type != "cpu" or INTERPRETED.value)
        and head.config.hidden_size % 8 == 0
        and head.config.ffn_size % 8 == 0
        and 16 <= latent <= 128
        and latent & (latent - 1) == 0
    )


@triton.jit(do_not_specialize=["M"])
def condition_kernel(
    x_ptr, w_ptr, steps_ptr, y_ptr, M, STEPS: tl.constexpr, N: tl.constexpr, K: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """`y[s] = silu(x @ w.T + steps[s])`, [STEPS, M, N]. Grid: row tiles x column tiles."""
    row_tiles = tl.cdiv(M, BLOCK_M)
    rows = (tl.program_id(0) % row_tiles) * BLOCK_M + tl.arange(0, BLOCK_M)
    row_ok = rows < M
    columns = (tl.program_id(0) // row_tiles) * BLOCK_N + tl.arange(0, BLOCK_N)
    COVERED: tl.constexpr = triton.cdiv(K, BLOCK_K) * BLOCK_K
    acc = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for k in range(0, COVERED, BLOCK_K):
        at = k + tl.arange(0, BLOCK_K)
        a = load_rows(x_ptr, rows, row_ok, K, at, K, COVERED)
        acc = dot(a, load_weight(w_ptr, columns, at, N, BLOCK_N, K, COVERED).T, acc)
    ok = row_ok[:, None] & (columns < N)[None, :]
    for step in range(STEPS):
        embedding = tl.load(steps_ptr + step * N + columns, mask=columns < N, other=0.0)
        c = acc + embedding.to(tl.float32)[None, :]
        c = c / (1.0 + tl.exp(-c))
        at = (step * M + rows).to(tl.int64)[:, None] * N + columns[None, :]
        tl.store(y_ptr + at, c.to(tl.bfloat16), mask=ok)


class FusedDiffusionHead:
    """Samples latents with Triton kernels.

    It shares the parameters of `plain`, but for a copy of the modulation matrix, which takes in the
    weights of the layers' norms: its scales come out as `norm.weight · (1 + scale)`.

    Args:
        plain: a bfloat16 head that `supports` accepts.
        card: to choose tiles for; default: the one that `plain` lies on.
    """

    def __init__(self, plain: DiffusionHead, card: Card | None = None) -> None:
        self._card = card or card_of(plain.cond_proj.weight.device)
        self._plans = {rows: plan.fitted(self._card) for rows, plan in PLANS.items()}
        self._hidden_size = plain.config.hidden_size
        self._condition_weight = plain.cond_proj.weight
        self._layers = [_feed_forward(layer) for layer in plain.layers]
        self._modulation, self._bias = _scaled_modulation(plain)
        self._solver = FusedSolverStep(
            plain.noisy_images_proj.weight,
            plain.final_linear.weight,
            plain.final_norm.eps,
            plain.config.rms_norm_eps,
            self._card,
        )
        self._factors: dict[tuple[SolverStep, ...], Tensor] = {}

    def sample(
        self, condition: Tensor, noise: Tensor, guidance: Tensor, table: SolverTable,
        frame: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """As `DiffusionHead.sample`.

        With `frame` [B] int64, `noise` is the slots' ring [N, R, latent] float32, and stream i
        starts at row `frame[i] % R` of its own.
        """
        batch = condition.shape[0]
        plan = pick(self._plans, 2 * batch)
        modulations = self._modulate(condition, table, plan.condition)
        columns = plan.down.block_n if plan.down else COLUMNS
        parts = triton.cdiv(self._hidden_size, columns)
        noise = noise if noise.is_contiguous() else noise.contiguous()
        factors = self._coefficients(table, condition.device)
        state = self._solver.begin(noise, frame, batch, parts, columns)
        for i, modulation in enumerate(modulations):
            parts_of = modulation.chunk(3 * len(self._layers) + 2, dim=-1)
            self._denoise(state, parts_of, plan)
            state = self._solver.step(
                state, (parts_of[-2], parts_of[-1]), guidance, factors[i], columns,
                last=i + 1 == len(table.steps),
            )  # fmt: skip
        return state.x

    def _denoise(self, state: SolverState, modulation: tuple[Tensor, ...], plan: HeadPlan) -> None:
        """Take `state.h` through all layers, in place."""
        h, sums, x = state.h, state.sums, None
        for i, (gate_up, down) in enumerate(self._layers):
            shift, scale, strength, next_shift, next_scale = modulation[3 * i : 3 * i + 5]
            if plan.gate_up is not None and not plan.apart:
                inner = gated(h, gate_up, plan.gate_up, sums=sums, shift=shift, scale=scale)
            else:
                if x is None:
                    x = normalise(h, sums, shift=shift, scale=scale)
                if plan.gate_up is None:
                    inner = gate(F.linear(x, gate_up), None, x.shape[1])
                else:
                    inner = gated(x, gate_up, plan.gate_up)
                x = None
            if plan.down is not None:
                linear(inner, down, plan.down, gate=strength, residual=h, out=h, sums_out=sums)
            elif plan.apart and i + 1 < len(self._layers):
                other = F.linear(inner, down)
                x = add_and_normalise(h, other, strength, next_shift, next_scale, sums.eps)
            else:
                add(h, F.linear(inner, down), h, sums, gate=strength)

    def _modulate(self, condition: Tensor, table: SolverTable, tile: Tile) -> Tensor:
        """Shifts, scales (with the norms' weights in them) and gates: [steps, 2B, …]."""
        weight = self._condition_weight
        steps, rows, (size, depth) = len(table.steps), 2 * condition.shape[0], weight.shape
        c = torch.empty(steps, rows, size, dtype=weight.dtype, device=weight.device)
        condition_kernel[(triton.cdiv(rows, tile.block_m) * triton.cdiv(size, tile.block_n),)](
            condition.contiguous(), weight, table.embedding, c, rows, STEPS=steps, N=size, K=depth,
            BLOCK_M=tile.block_m, BLOCK_N=tile.block_n, BLOCK_K=tile.block_k, **tile.options(),
        )  # fmt: skip
        c = c.flatten(0, 1)
        fused = pick(MODULATION, c.shape[0])
        if fused is None:
            modulation = F.linear(c, self._modulation, self._bias)
        else:
            fused = fit(fused, self._card)
            modulation = linear(c, self._modulation, fused, bias=self._bias)
        return modulation.view(steps, rows, -1)

    def _coefficients(self, table: SolverTable, device: torch.device) -> Tensor:
        """The solver's factors, copied to the device once (not while a graph is captured)."""
        if table.steps not in self._factors:
            self._factors[table.steps] = coefficients(table.steps, device)
        return self._factors[table.steps]


def _feed_forward(layer: nn.Module) -> tuple[Tensor, Tensor]:
    assert isinstance(layer, HeadLayer)  # noqa: S101 - for mypy
    return layer.ffn.gate_up_proj.weight, layer.ffn.down_proj.weight


def _scaled_modulation(head: DiffusionHead) -> tuple[Tensor, Tensor]:
    """Weight and bias for `norm.weight · (1 + scale)` in the place of `scale`."""
    size, count = head.config.hidden_size, head.config.layers
    weight = head.modulation.weight.float().clone()
    bias = weight.new_zeros(weight.shape[0])
    for i, layer in enumerate(head.layers):
        assert isinstance(layer, HeadLayer)  # noqa: S101 - for mypy
        rows = slice((3 * i + 1) * size, (3 * i + 2) * size)
        norm = layer.norm.weight
        scale = weight.new_ones(size) if norm is None else norm.float()
        weight[rows] *= scale[:, None]
        bias[rows] = scale
    bias[(3 * count + 1) * size :] = 1.0
    # Nothing is rounded in the bias: it has norms' weights, zeros and ones.
    dtype = head.modulation.weight.dtype
    return weight.to(dtype), bias.to(dtype)
