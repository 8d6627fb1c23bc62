from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rounding import assert_close
from vvcli.model.transformer import CacheView, rope_table, rotate
from vvcli.model.vibevoice import VibeVoice

pytestmark = pytest.mark.numeric

CAPACITY = 32

# Sums on the way through the layers have about 1,500 terms together, in each of two results.
ROUNDINGS = 2 * 1500


def empty_cache(model: VibeVoice, rows: int) -> torch.Tensor:
    lm = model.config.lm
    shape = (lm.tts_layers, 2, rows, lm.kv_heads, CAPACITY, lm.head_dim)
    return torch.zeros(shape, dtype=model.dtype)


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(1, 14), max_size=5, unique=True))
def test_windows_over_a_cache_equal_one_causal_pass(
    random_tiny: VibeVoice, cuts: list[int]
) -> None:
    """A mask that SDPA's `is_causal` would align wrongly: queries end where keys end."""
    lm = random_tiny.tts_language_model
    x = torch.randn(2, 15, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    cache = empty_cache(random_tiny, 2)
    edges, pieces = [0, *sorted(cuts), 15], []
    with torch.inference_mode():
        whole = lm(x)
        for start, end in pairwise(edges):
            positions = torch.arange(start, end).expand(2, -1)
            pieces.append(lm(x[:, start:end], CacheView(cache, positions, None, limit=end)))
    assert_close(torch.cat(pieces, dim=1), whole, roundings=ROUNDINGS, dtype=torch.float64)


@torch.inference_mode()
def test_rows_by_index_leave_other_rows_alone(random_tiny: VibeVoice) -> None:
    lm = random_tiny.tts_language_model
    x = torch.randn(2, 3, 64, dtype=torch.float64)
    positions = torch.tensor([[0, 1, 2], [0, 1, 2]])
    cache = empty_cache(random_tiny, 5).fill_(7.0)
    by_index = lm(x, CacheView(cache, positions, torch.tensor([3, 1]), limit=8))
    plain = lm(x, CacheView(empty_cache(random_tiny, 2), positions, None, limit=8))
    assert_close(by_index, plain, roundings=ROUNDINGS, dtype=torch.float64)
    assert (cache[:, :, [0, 2, 4]] == 7).all()
    assert (cache[:, :, [1, 3], :, 3:] == 7).all()


@torch.inference_mode()
@pytest.mark.parametrize("limit", [4, 5, CAPACITY])
def test_a_row_never_sees_beyond_its_own_position(random_tiny: VibeVoice, limit: int) -> None:
    lm = random_tiny.tts_language_model
    x = torch.randn(1, 1, 64, dtype=torch.float64)
    position = torch.tensor([[3]])
    clean, dirty = empty_cache(random_tiny, 1), empty_cache(random_tiny, 1)
    dirty[..., 4:, :] = 1e3
    expected = lm(x, CacheView(clean, position, None, limit=4))
    found = lm(x, CacheView(dirty, position, None, limit=limit))
    assert_close(found, expected, roundings=ROUNDINGS, dtype=torch.float64)


def test_rope_turns_pairs_of_halves_by_position() -> None:
    table = rope_table(16, 8, theta=100.0)
    x = torch.zeros(1, 1, 1, 8)
    x[..., 1] = 1.0  # the pair (1, 5), frequency 100^(-2/8)
    turned = rotate(x, table[None, 9:10])[0, 0, 0]
    angle = torch.tensor(9 * 100.0 ** (-0.25))
    torch.testing.assert_close(turned[1], angle.cos())
    torch.testing.assert_close(turned[5], angle.sin())
    assert turned.abs().sum() == turned[[1, 5]].abs().sum()
