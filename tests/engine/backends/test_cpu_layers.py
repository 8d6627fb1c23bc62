from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from tests.rounding import assert_close
from vvcli.bench.random_model import random_model
from vvcli.bench.shapes import SHAPES
from vvcli.engine.backends.cpu.build import with_fast_layers
from vvcli.engine.backends.cpu.decoder import (
    FastBlock,
    FastDecoder,
    FastOutputConv,
    FastUpsample,
    PastInputs,
)
from vvcli.engine.backends.cpu.head import FastHead
from vvcli.engine.backends.cpu.layers import FastNorm, can_pack
from vvcli.engine.backends.cpu.transformer import FastTransformer
from vvcli.model.acoustic_decoder import Block, CausalConv, CausalUpsample, Contexts
from vvcli.model.config import ModelConfig
from vvcli.model.diffusion_head import DiffusionHead, SolverTable
from vvcli.model.transformer import CacheView, RMSNorm, Transformer
from vvcli.model.vibevoice import VibeVoice

PLAIN: set[type] = {RMSNorm, Block, DiffusionHead, Transformer}


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
@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("steps", [1, 3, 8, 60])
@pytest.mark.parametrize("channels", [12, 80])
def test_a_block_goes_on_where_it_was(steps: int, channels: int, fixed: bool) -> None:
    block = Block(channels, 1e-5)
    for parameter in block.parameters():
        nn.init.normal_(parameter)
    exact_block, fast = copy.deepcopy(block).double(), FastBlock(block, steps, fixed=fixed)
    exact_past = torch.zeros(2, 6 * channels, dtype=torch.float64)
    past = torch.zeros(2, 6 * channels)
    for _ in range(2):
        x = torch.randn(2, steps, channels)
        contexts = Contexts(exact_past)
        exact = exact_block(x.double(), contexts)
        exact_past = contexts.next_context()
        # Two norms, a convolution of 7, two linear layers, and what is between them.
        terms = 2 * channels + 7 + channels + 4 * channels
        assert_close(fast(x, PastInputs(past)), exact, roundings=terms + 30)


@pytest.mark.numeric
@torch.inference_mode()
@pytest.mark.parametrize("steps", [1, 3])
def test_an_upsampling_goes_on_where_it_was(steps: int) -> None:
    upsample = CausalUpsample(10, 6, 4)
    nn.init.normal_(upsample.bias)
    exact_upsample, fast = (
        copy.deepcopy(upsample).double(),
        FastUpsample(upsample, steps, fixed=False),
    )
    exact_past, past = torch.zeros(2, 10, dtype=torch.float64), torch.zeros(2, 10)
    for _ in range(2):
        x = torch.randn(2, steps, 10)
        contexts = Contexts(exact_past)
        exact = exact_upsample(x.double(), contexts)
        exact_past = contexts.next_context()
        assert_close(fast(x, PastInputs(past)), exact, roundings=2 * 10 + 10)


@pytest.mark.numeric
@torch.inference_mode()
@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("steps", [1, 3, 8])
def test_the_last_convolution(steps: int, fixed: bool) -> None:
    conv = CausalConv(5, 1)
    x, past = torch.randn(2, steps, 5), torch.randn(2, 6 * 5)
    exact_conv = copy.deepcopy(conv).double()
    contexts = Contexts(past.double())
    exact = exact_conv(x.double(), contexts)
    magnitudes_conv = copy.deepcopy(exact_conv)
    for parameter in magnitudes_conv.parameters():
        parameter.abs_()
    magnitudes = magnitudes_conv(x.double().abs(), Contexts(past.double().abs()))
    fast = FastOutputConv(conv, fixed=fixed)(x, PastInputs(past))
    assert_close(fast, exact, roundings=5 * 7 + 1, magnitudes=magnitudes)
    assert torch.equal(past.double(), contexts.next_context())


def random_parts() -> tuple[VibeVoice, VibeVoice]:
    """A tiny model in float32, and the same in float64."""
    config = ModelConfig.from_dict(SHAPES["tiny"])
    model = random_model(config, torch.device("cpu"), torch.float32)
    return model, copy.deepcopy(model).double()


@pytest.mark.numeric
@torch.inference_mode()
def test_contexts_of_streams_that_stand_still_stay_as_they_are() -> None:
    model, exact = random_parts()
    decoder, config = FastDecoder(model.acoustic_decoder, fixed=False), model.config.decoder
    context, all_run = torch.zeros(3, config.context_size), torch.ones(3, dtype=torch.bool)
    exact_context = context.double()
    for mask in (all_run, torch.tensor([True, False, True]), all_run):
        latents = torch.randn(3, 1, config.latent_size)
        before = context.clone()
        found = decoder.advance(latents, context, mask)
        expected = exact.acoustic_decoder.advance(latents.double(), exact_context, mask)
        # The widest of its layers alone has 512 products a sum; there are 30 layers.
        assert_close(found, expected, roundings=30 * 512)
        assert torch.equal((context != before).any(1), mask)


@pytest.mark.numeric
@torch.inference_mode()
@pytest.mark.parametrize("guided", [True, False])
def test_the_head_with_guidance_and_without(guided: bool) -> None:
    model, exact = random_parts()
    head, rows = model.prediction_head, 2 if guided else 1
    condition = torch.randn(3, rows, model.config.lm.hidden_size)
    noise = torch.randn(3, model.config.head.latent_size)
    guidance = torch.tensor([1.0, 1.5, 3.0]) if guided else None
    found = FastHead(head).sample(condition, noise, guidance, SolverTable.build(head, 5))
    table = SolverTable.build(exact.prediction_head, 5)
    expected = exact.prediction_head.sample(condition.double(), noise, guidance, table)
    assert_close(found, expected, roundings=5 * 3000)  # 1,500 terms a step, twice over
    if not guided:
        pair = condition.repeat(1, 2, 1).double()
        ones = torch.ones(3)
        as_pair = exact.prediction_head.sample(pair, noise, ones, table)
        assert_close(as_pair, expected, roundings=3000, dtype=torch.float64)


@pytest.mark.numeric
@torch.inference_mode()
@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize("every", [1, 2])
def test_a_transformer_and_its_cache(steps: int, every: int) -> None:
    model, exact = random_parts()
    lm = model.config.lm
    kv = torch.randn(lm.tts_layers, 2, 3 * every, lm.kv_heads, 64, lm.head_dim)
    positions = torch.tensor([3, 20, 11])[:, None] + torch.arange(steps)
    x, exact_kv = torch.randn(3, steps, lm.hidden_size), kv.double()

    def view(cache: torch.Tensor) -> CacheView:
        return CacheView(cache[:, :, ::every], positions, None, 64)

    found = FastTransformer(model.tts_language_model)(x, view(kv))
    expected = exact.tts_language_model(x.double(), view(exact_kv))
    assert_close(found, expected, roundings=lm.tts_layers * 1000)
    assert_close(kv, exact_kv, roundings=lm.tts_layers * 1000)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dtype", "left"),
    [
        (torch.float32, set()),
        (torch.bfloat16, PLAIN),
        (torch.float64, PLAIN),
    ],
)
def test_what_is_replaced(dtype: torch.dtype, left: set[type]) -> None:
    model = random_model(ModelConfig.from_dict(SHAPES["tiny"]), torch.device("cpu"), dtype)
    before = dict(model.named_modules())
    kinds = {type(module) for module in with_fast_layers(model, fixed=True).modules()}
    assert dict(model.named_modules()) == before, "the model itself stays as it is"
    if not can_pack(dtype):
        left = left | {nn.Linear}
    assert kinds & {*PLAIN, nn.Linear} == left
