from __future__ import annotations

import math

import pytest
import torch

pytest.importorskip("triton", reason="needs Triton")

from tests.engine.kernels.conftest import relative_error
from vvcli.engine.backends.triton.common.split_k import arrival_counters
from vvcli.engine.backends.triton.lm.attention import AttentionTile, attend
from vvcli.model.transformer import CacheView

HEADS, KV_HEADS, WIDTH, CAPACITY = 6, 2, 16, 80


def exact_attention(q: torch.Tensor, cache: CacheView, layer: int) -> torch.Tensor:
    """Row by row and head by head, over nothing but the cached positions a token may see."""
    out = torch.empty_like(q, dtype=torch.float64)
    rows, steps = cache.positions.shape
    for r in range(rows):
        row = r if cache.rows is None else int(cache.rows[r])
        for s in range(steps):
            length = min(int(cache.positions[r, s]) + 1, CAPACITY)
            for head in range(HEADS):
                k, v = cache.kv[layer, :, row, head // (HEADS // KV_HEADS), :length].double()
                scores = k @ q[r * steps + s, head].double() / math.sqrt(WIDTH)
                out[r * steps + s, head] = scores.softmax(0) @ v
    return out


def ragged_cache(
    generator: torch.Generator, rows: int, steps: int, *, scattered: bool
) -> CacheView:
    """Rows of all lengths, full of NaN behind their ends."""
    device = generator.device
    kv = torch.randn(2, 2, rows + 3, KV_HEADS, CAPACITY, WIDTH, generator=generator, device=device)
    kv = kv.bfloat16()
    lengths = torch.randint(0, CAPACITY - steps, (rows,), generator=generator, device=device)
    lengths[0], lengths[-1] = 0, CAPACITY - steps
    positions = lengths[:, None] + torch.arange(steps, device=device)
    order = torch.randperm(rows + 3, generator=generator, device=device)[:rows]
    for r in range(rows):
        row = int(order[r]) if scattered else r
        kv[:, :, row, :, int(lengths[r]) + steps :] = float("nan")
    return CacheView(kv, positions, order if scattered else None, CAPACITY)


@pytest.mark.parametrize("steps", [1, 5, 45])  # 45 tokens are three blocks of queries
@pytest.mark.parametrize("splits", [1, 4])
@pytest.mark.parametrize("scattered", [False, True])
def test_attention_over_ragged_rows(
    generator: torch.Generator, steps: int, splits: int, scattered: bool
) -> None:
    cache = ragged_cache(generator, 6, steps, scattered=scattered)
    q = torch.randn(6 * steps, HEADS, WIDTH, generator=generator, device=generator.device)
    q = 3 * q.bfloat16()
    out = attend(q, cache, 1, AttentionTile(16, splits=splits, num_warps=4, num_stages=2))
    assert relative_error(out, exact_attention(q, cache, 1)) < 1e-2
    assert not arrival_counters(q.device, 1).any()


def test_padding_beyond_the_cache_reads_within_it(generator: torch.Generator) -> None:
    """A text window at the end of the context stands past the last position."""
    cache = ragged_cache(generator, 2, 5, scattered=False)
    cache.kv.nan_to_num_(0)
    cache.positions += 3
    q = torch.randn(10, HEADS, WIDTH, generator=generator, device=generator.device).bfloat16()
    out = attend(q, cache, 0, AttentionTile(16, splits=2, num_warps=4, num_stages=2))
    assert relative_error(out, exact_attention(q, cache, 0)) < 1e-2
