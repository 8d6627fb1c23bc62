from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from tests.rounding import UNIT
from vvcli.engine.backends.cpu.layers import (
    HalfLinear,
    PackedLinear,
    can_halve,
    can_pack,
    fits_half,
    packed,
)

packs = pytest.mark.skipif(not can_pack(torch.float32), reason="no packed product here")
halves = pytest.mark.skipif(not can_halve(), reason="no product with float16 weights here")


def assert_summed_in_float32(found: Tensor, x: Tensor, linear: nn.Linear) -> None:
    """Assert that each sum is off by a rounding per term at most, in units of its terms' size."""
    exact = copy.deepcopy(linear).double()
    terms = copy.deepcopy(exact)
    for parameter in terms.parameters():
        parameter.abs_()
    error = (found - exact(x.double())).abs()
    allowed = (x.shape[-1] + 1) * UNIT[torch.float32] * terms(x.double().abs())
    assert found.dtype == torch.float32
    assert (error <= allowed).all()


@packs
@pytest.mark.numeric
@pytest.mark.parametrize("rows", [1, 2, 7, 33])
@pytest.mark.parametrize("bias", [True, False])
def test_a_packed_layer_computes_the_same(rows: int, bias: bool) -> None:
    linear = nn.Linear(37, 19, bias=bias)
    x = torch.randn(2, rows, 37)
    with torch.no_grad():
        assert_summed_in_float32(PackedLinear(linear)(x), x, linear)


@halves
@pytest.mark.numeric
@pytest.mark.parametrize("rows", [1, 2, 7, 33])
@pytest.mark.parametrize("outputs", [1, 19, 64])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_half_layer_computes_in_float32(
    rows: int, outputs: int, bias: bool, threads: int
) -> None:
    linear = nn.Linear(37, outputs, bias=bias)
    linear.weight.data = linear.weight.data.half().float()
    x = torch.randn(2, rows, 37)
    with torch.no_grad():  # inputs or sums in float16 would be off by 8,192 times as much
        assert_summed_in_float32(HalfLinear(linear, threads)(x), x, linear)


@packs
@pytest.mark.numeric
@pytest.mark.parametrize("many_rows", [False, True])
@pytest.mark.parametrize("outputs", [19, 64, 384])
def test_bits_that_are_fixed_do_not_depend_on_the_place(many_rows: bool, outputs: int) -> None:
    """FBGEMM computes what six rows leave over in another order, without AVX-512."""
    linear = nn.Linear(64, outputs)
    linear.weight.data = linear.weight.data.half().float()
    layer = packed(linear, many_rows=many_rows, fixed=True)
    with torch.no_grad():
        for rows in (2, 3, 4, 7, 8, 14, 31, 32, 80, 320):
            found = layer(torch.randn(64).expand(rows, 64).contiguous())
            assert torch.equal(found, found[:1].expand(rows, outputs)), rows


def test_what_fits_half_is_what_float32_cannot_tell_apart() -> None:
    weight = 0.02 * torch.randn(320, 320)
    assert not fits_half(weight)
    assert fits_half(weight.half().float())
    assert fits_half(weight.bfloat16().float())
    assert not fits_half(1e-3 * weight.bfloat16().float())  # float16 has no digits left down there
    assert not fits_half(1e5 * torch.ones(2, 2))
    assert not fits_half(1e30 * torch.ones(2, 2))  # whose norm is infinite, as its error is
    assert not fits_half(torch.full((2, 2), torch.nan))


@packs
@halves
def test_each_linear_gets_the_layout_that_suits_it() -> None:
    fine, coarse = nn.Linear(20, 40), nn.Linear(20, 40)
    coarse.weight.data = coarse.weight.data.half().float()
    layers = packed(fine), packed(coarse)
    assert [type(layer) for layer in layers] == [PackedLinear, HalfLinear]
    for layer in layers:  # no plain weight is kept beside a packed one
        assert [name for name, _ in layer.named_parameters()] == ["_bias"]


def test_double_precision_is_left_alone() -> None:
    linear = nn.Linear(64, 64).double()
    assert packed(linear) is linear
