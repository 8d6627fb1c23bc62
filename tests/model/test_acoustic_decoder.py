from __future__ import annotations

import copy
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tests.rounding import assert_close
from vvcli.model.acoustic_decoder import CausalUpsample, Contexts
from vvcli.model.vibevoice import VibeVoice

pytestmark = pytest.mark.numeric

# A sample comes through 11 blocks and 5 more layers, whose sums have about 2,000 terms together.
TERMS = 2000


def random_latents(model: VibeVoice, batch: int, frames: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(frames)
    size = model.config.head.latent_size
    return torch.randn(batch, frames, size, generator=generator, dtype=model.dtype)


@pytest.mark.slow
@torch.inference_mode()
def test_frame_by_frame_equals_one_pass(random_tiny: VibeVoice) -> None:
    latents = random_latents(random_tiny, 2, 9)
    whole, _ = random_tiny.decode(latents)
    context, pieces = None, []
    for frame in torch.split(latents, 1, dim=1):
        piece, context = random_tiny.decode(frame, context)
        pieces.append(piece)
    assert whole.abs().max() > 1
    assert_close(torch.cat(pieces, dim=1), whole, roundings=2 * TERMS, dtype=torch.float64)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(1, 11), max_size=4, unique=True))
def test_any_chunks_equal_one_pass(random_tiny: VibeVoice, cuts: list[int]) -> None:
    latents = random_latents(random_tiny, 1, 12)
    edges = [0, *sorted(cuts), 12]
    with torch.inference_mode():
        whole, last = random_tiny.decode(latents)
        context, pieces = None, []
        for start, end in pairwise(edges):
            piece, context = random_tiny.decode(latents[:, start:end], context)
            pieces.append(piece)
    assert_close(torch.cat(pieces, dim=1), whole, roundings=2 * TERMS, dtype=torch.float64)
    assert context is not None
    assert_close(context, last, roundings=2 * TERMS, dtype=torch.float64)


def test_float32_streaming_is_off_by_rounding_alone(random_tiny: VibeVoice) -> None:
    latents = random_latents(random_tiny, 1, 6)
    whole, _ = random_tiny.acoustic_decoder(latents)
    decoder = copy.deepcopy(random_tiny.acoustic_decoder).float()
    context, pieces = torch.zeros(1, decoder.context_size), []
    for frame in torch.split(latents.float(), 1, dim=1):
        piece, context = decoder(frame, context)
        pieces.append(piece)
    assert_close(torch.cat(pieces, dim=1), whole, roundings=TERMS)


@pytest.mark.parametrize(("wide", "narrow", "ratio"), [(6, 4, 5), (3, 2, 2), (4, 1, 8)])
def test_upsampling_is_a_trimmed_transposed_convolution(wide: int, narrow: int, ratio: int) -> None:
    official = nn.ConvTranspose1d(wide, narrow, 2 * ratio, stride=ratio).double()
    ours = CausalUpsample(wide, narrow, ratio).double()
    with torch.no_grad():
        now, before = torch.split(official.weight, ratio, dim=2)
        pairs = torch.cat([before, now])  # [2·in, out, ratio]
        ours.linear.weight.copy_(pairs.permute(2, 1, 0).reshape(ratio * narrow, 2 * wide))
        assert official.bias is not None
        ours.bias.copy_(official.bias)
        x = torch.randn(2, 7, wide, dtype=torch.float64)
        expected = official(x.transpose(1, 2))[..., : 7 * ratio].transpose(1, 2)
        y = ours(x, Contexts(torch.zeros(2, wide, dtype=torch.float64)))
    assert_close(y, expected, roundings=2 * (2 * wide + 1), dtype=torch.float64)


def test_gelu_is_the_erf_one(random_tiny: VibeVoice) -> None:
    block = random_tiny.acoustic_decoder.stages[0][0]  # type: ignore[index]
    x = torch.randn(1, 3, 64, dtype=torch.float64)
    zeros = torch.zeros(1, 6 * 64, dtype=torch.float64)
    with torch.inference_mode():
        after_mixer = x + block.gamma * block.mixer(block.norm(x), Contexts(zeros))
        inner = block.linear1(block.ffn_norm(after_mixer))
        inner = inner * 0.5 * (1 + torch.erf(inner / 2**0.5))
        expected = after_mixer + block.ffn_gamma * block.linear2(inner)
        actual = block(x, Contexts(zeros))
    assert_close(actual, expected, roundings=2 * TERMS, dtype=torch.float64)
    assert not torch.allclose(expected, after_mixer)
    assert not torch.allclose(F.gelu(inner, approximate="tanh"), F.gelu(inner), atol=1e-12)
