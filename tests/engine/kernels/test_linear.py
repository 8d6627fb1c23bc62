from __future__ import annotations

import pytest
import torch

pytest.importorskip("triton", reason="needs Triton")

from tests.engine.kernels.conftest import relative_error
from vvcli.engine.backends.triton.common.linear import linear
from vvcli.engine.backends.triton.common.row_sums import RowSums
from vvcli.engine.backends.triton.common.split_k import arrival_counters
from vvcli.engine.backends.triton.common.swiglu import gated
from vvcli.engine.backends.triton.common.tile import Tile

EPS = 1e-6
CASES = [
    (5, 48, 96, Tile(16, 16, 64, 4, 3)),  # a K that no tile divides
    (20, 40, 160, Tile(16, 16, 32, 4, 3, split_k=3)),  # nor one of three programs
    (5, 48, 64, Tile(16, 8, 64, 4, 3)),
    (70, 64, 128, Tile(64, 32, 64, 4, 3, split_k=2)),
]


def random(generator: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=generator, device=generator.device).bfloat16()


def sums_of(x: torch.Tensor) -> RowSums:
    halves = x.float().square().view(x.shape[0], 2, -1)
    return RowSums(halves.sum(2), EPS)


def normalised(x: torch.Tensor) -> torch.Tensor:
    x = x.double()
    return x / (x.square().mean(1, keepdim=True) + EPS).sqrt()


@pytest.mark.parametrize(("rows", "columns", "depth", "tile"), CASES)
def test_everything_around_a_product(
    generator: torch.Generator, rows: int, columns: int, depth: int, tile: Tile
) -> None:
    x, weight = random(generator, rows, depth), random(generator, columns, depth)
    bias, residual = random(generator, columns), random(generator, rows, columns)
    gate = random(generator, rows, 3 * columns)[:, columns : 2 * columns]
    parts = -(-columns // tile.block_n)
    sums_out = RowSums.allocate(rows, parts, EPS, x.device)
    out = residual.clone()
    linear(
        x, weight, tile, bias=bias, sums=sums_of(x), relu=True, gate=gate, residual=out, out=out,
        sums_out=sums_out,
    )  # fmt: skip
    exact = torch.relu(normalised(x) @ weight.double().T + bias.double())
    exact = exact * gate.double() + residual.double()
    assert relative_error(out, exact) < 1e-2
    assert torch.allclose(sums_out.values.sum(1), out.float().square().sum(1), rtol=1e-4)
    assert not arrival_counters(x.device, 1).any()


def test_float64_rows_stored_twice(generator: torch.Generator) -> None:
    x, weight = random(generator, 3, 16).double(), random(generator, 24, 16)
    out = linear(x, weight, Tile(16, 8, 64, 4, 2), twice=True)
    assert relative_error(out[::2], x @ weight.double().T) < 1e-2
    assert torch.equal(out[::2], out[1::2])


@pytest.mark.parametrize("tile", [Tile(16, 16, 32, 4, 3), Tile(64, 8, 64, 4, 3)])
@pytest.mark.parametrize("modulate", [False, True])
def test_gated_product(generator: torch.Generator, tile: Tile, modulate: bool) -> None:
    x, weight = random(generator, 9, 96), random(generator, 2 * 40, 96)
    modulation = random(generator, 9, 3 * 96)
    shift, scale = (modulation[:, :96], modulation[:, 96 : 2 * 96]) if modulate else (None, None)
    out = gated(x, weight, tile, sums=sums_of(x), shift=shift, scale=scale)
    exact = normalised(x)
    if shift is not None and scale is not None:
        exact = exact * scale.double() + shift.double()
    gate, up = (exact @ weight.double().T).chunk(2, dim=1)
    assert relative_error(out, torch.nn.functional.silu(gate) * up) < 2e-2


def test_a_row_does_not_depend_on_its_neighbours(generator: torch.Generator) -> None:
    x, weight = random(generator, 20, 96), random(generator, 48, 96)
    tile = Tile(16, 16, 32, 4, 3, split_k=2)
    others = random(generator, 20, 96)
    others[7] = x[7]
    others[0] = float("nan")
    assert torch.equal(linear(x, weight, tile)[7], linear(others, weight, tile)[7])
