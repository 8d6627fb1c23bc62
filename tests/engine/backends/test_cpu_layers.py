from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from tests.rounding import assert_close
from vvcli.bench.random_model import random_model
from vvcli.bench.shapes import SHAPES
from vvcli.engine.backends.cpu.build import with_fast_layers
from vvcli.engine.backends.cpu.layers import FastBlock, FastNorm, FastOutputConv, can_pack
from vvcli.model.acoustic_decoder import Block, CausalConv, Contexts
from vvcli.model.config import ModelConfig
from vvcli.model.transformer import RMSNorm


@pytest.mark.numeric
@pytest.mark.parametrize("affine", [True, False])
def test_a_norm_of_large_and_tiny_rows(affine: bool) -> None:
    norm = RMSNorm(37, 1e-5, affine=affine)
    if norm.weight is not None:
        nn.init.normal_(norm.weight)
    x = torch.randn(2, 4, 37) * torch.tensor([1e3, 1.0, 1e-3, 0.0])[:, None]
    with torch.inference_mode():
        exact = copy.deepcopy(norm).double()(x.double())
        for found, row in zip(FastNorm(norm)(x).unbind(1), exact.unbind(1), strict=True):
            assert_close(found, row, roundings=37 + 10)  # 37 squares, then a few operators


@pytest.mark.numeric
@torch.inference_mode()
@pytest.mark.parametrize("steps", [1, 3, 8])
def test_a_block_and_its_contexts(steps: int) -> None:
    block = Block(12, 1e-5)
    for parameter in block.parameters():
        nn.init.normal_(parameter)
    x, before = torch.randn(2, steps, 12), torch.randn(2, 6 * 12)
    past, exact_past = Contexts(before), Contexts(before.double())
    exact = copy.deepcopy(block).double()(x.double(), exact_past)
    actual = FastBlock(block)(x, past)
    # Two norms of 12, a convolution of 7, linear layers of 12 and 48, and what is between them.
    assert_close(actual, exact, roundings=2 * 12 + 7 + 12 + 48 + 20)
    assert_close(past.next_context(), exact_past.next_context(), roundings=12 + 10)


@pytest.mark.numeric
@torch.inference_mode()
@pytest.mark.parametrize("steps", [1, 3, 8])
def test_the_last_convolution(steps: int) -> None:
    conv = CausalConv(5, 1)
    x, past = torch.randn(2, steps, 5), torch.randn(2, 6 * 5)
    exact_conv = copy.deepcopy(conv).double()
    exact = exact_conv(x.double(), Contexts(past.double()))
    fast = FastOutputConv(conv)(x, Contexts(past))
    for parameter in exact_conv.parameters():
        parameter.abs_()
    magnitudes = exact_conv(x.double().abs(), Contexts(past.double().abs()))
    assert_close(fast, exact, roundings=5 * 7 + 1, magnitudes=magnitudes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dtype", "left"),
    [
        (torch.float32, set()),
        (torch.bfloat16, {RMSNorm, Block}),
        (torch.float64, {RMSNorm, Block}),
    ],
)
def test_what_is_replaced(dtype: torch.dtype, left: set[type]) -> None:
    model = random_model(ModelConfig.from_dict(SHAPES["tiny"]), torch.device("cpu"), dtype)
    before = dict(model.named_modules())
    kinds = {type(module) for module in with_fast_layers(model).modules()}
    assert dict(model.named_modules()) == before, "the model itself stays as it is"
    if not can_pack(dtype):
        left = left | {nn.Linear}
    assert kinds & {RMSNorm, Block, nn.Linear} == left
