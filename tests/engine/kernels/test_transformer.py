from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

pytest.importorskip("triton", reason="needs Triton")

from tests.engine.kernels.conftest import INTERPRETED, MARGIN, relative_error
from vvcli.bench.shapes import SHAPES
from vvcli.engine.backends.triton.lm import transformer as kernels
from vvcli.engine.backends.triton.lm.transformer import FusedTransformer, LayerPlan, supports
from vvcli.model.config import ModelConfig
from vvcli.model.transformer import CacheView, Transformer

SHAPE = "tiny" if INTERPRETED else "realtime-0.5b"
LAYERS, CAPACITY = (2, 70) if INTERPRETED else (3, 320)
CONFIG = replace(ModelConfig.from_dict(SHAPES[SHAPE]).lm, max_positions=CAPACITY - 2)


@pytest.fixture(scope="module")
def plain(device: torch.device) -> Transformer:
    """Random weights that keep the size of what passes through them, and norms that matter."""
    generator = torch.Generator().manual_seed(0)
    model = Transformer(CONFIG, LAYERS, final_norm=True)
    for name, parameter in model.named_parameters():
        values = torch.randn(parameter.shape, generator=generator)
        if name.endswith("norm.weight"):
            parameter.data = 1 + 0.3 * values
        elif name.endswith("bias"):
            parameter.data = 0.5 * values
        else:
            parameter.data = values / parameter.shape[1] ** 0.5
    model = model.to(torch.bfloat16).requires_grad_(False)
    model.rope = model.rope.float()
    return model.to(device)


def case(
    generator: torch.Generator, rows: int, steps: int, *, scattered: bool
) -> tuple[torch.Tensor, CacheView]:
    """Inputs, and a cache with rows of all lengths that are full of NaN behind their ends."""
    device = generator.device
    kv = torch.randn(
        LAYERS, 2, rows + 2, CONFIG.kv_heads, CAPACITY, CONFIG.head_dim, generator=generator,
        device=device,
    ).bfloat16()  # fmt: skip
    lengths = torch.randint(0, CAPACITY - steps, (rows,), generator=generator, device=device)
    # The end of the context: the last token of a window has no row of its own in the table.
    lengths[0], lengths[-1] = CAPACITY - steps, 0
    order = torch.randperm(rows + 2, generator=generator, device=device)[:rows]
    index = order if scattered else torch.arange(rows, device=device)
    beyond = torch.arange(CAPACITY, device=device) >= lengths[:, None]
    kv[:, :, index] = torch.where(beyond[:, None, :, None], float("nan"), kv[:, :, index])
    positions = lengths[:, None] + torch.arange(steps, device=device)
    x = torch.randn(rows, steps, CONFIG.hidden_size, generator=generator, device=device)
    column = torch.stack([order, order], dim=1)[:, 0]  # of a packed batch, with a stride
    return x.bfloat16(), CacheView(kv, positions, column if scattered else None, CAPACITY)


def check(plain: Transformer, fused: FusedTransformer, x: torch.Tensor, cache: CacheView) -> None:
    readable = cache.kv.nan_to_num(0)  # SDPA behind a mask still multiplies
    exact_cache = replace(cache, kv=readable.double())
    exact = copy.deepcopy(plain).double()(x.double(), exact_cache)
    own = relative_error(plain(x, replace(cache, kv=readable.clone())), exact)
    beyond = cache.kv.isnan() & (exact_cache.kv == 0)
    error = relative_error(fused(x, cache), exact)
    assert error < max(MARGIN * own, 1e-2)
    # The new keys and values are where they belong, and nothing else was touched.
    assert torch.equal(cache.kv.isnan(), beyond)
    assert relative_error(cache.kv.nan_to_num(0), exact_cache.kv) < 1e-2


@pytest.mark.parametrize("rows", [2, 6, 20] if INTERPRETED else [2, 6, 20, 64, 200, 512, 2048])
def test_a_frame(plain: Transformer, generator: torch.Generator, rows: int) -> None:
    fused = FusedTransformer(plain)
    check(plain, fused, *case(generator, rows, 1, scattered=False))


@pytest.mark.parametrize("rows", [1, 3] if INTERPRETED else [1, 3, 32, 128])
def test_text_windows(plain: Transformer, generator: torch.Generator, rows: int) -> None:
    fused = FusedTransformer(plain)
    check(plain, fused, *case(generator, rows, 5, scattered=True))


@pytest.mark.parametrize("rows", list(kernels.PLANS))
def test_every_plan(
    plain: Transformer, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(kernels, "PLANS", {1 << 31: kernels.PLANS[rows]})
    fused = FusedTransformer(plain)
    check(plain, fused, *case(generator, 3, 2, scattered=True))


def test_products_left_to_the_library(
    plain: Transformer, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "PLANS", {1 << 31: LayerPlan(None, None, None, None)})
    fused = FusedTransformer(plain)
    check(plain, fused, *case(generator, 6, 1, scattered=False))
    check(plain, fused, *case(generator, 3, 5, scattered=True))


def test_a_row_does_not_depend_on_its_neighbours(
    plain: Transformer, generator: torch.Generator
) -> None:
    fused = FusedTransformer(plain)
    x, cache = case(generator, 6, 1, scattered=False)
    other_x, other = case(generator, 6, 1, scattered=False)
    other_x[2] = x[4]
    other.kv[:, :, 2] = cache.kv[:, :, 4]
    other.positions[2] = cache.positions[4]
    assert torch.equal(fused(x, cache)[4], fused(other_x, other)[2])


def test_padding_rows_share_the_spare_slot(plain: Transformer, generator: torch.Generator) -> None:
    fused = FusedTransformer(plain)
    x, cache = case(generator, 4, 5, scattered=True)
    assert cache.rows is not None
    alone = replace(cache, kv=cache.kv.clone())
    expected = fused(x, alone)
    cache.rows[2:] = cache.rows[3].clone()
    cache.positions[2:] = cache.positions[3].clone()
    hidden = fused(x, cache)
    assert torch.equal(hidden[:2], expected[:2])
    assert hidden.isfinite().all()


def test_the_plain_module_stays_as_it_is(plain: Transformer, generator: torch.Generator) -> None:
    before = copy.deepcopy(plain.state_dict())
    FusedTransformer(plain)(*case(generator, 2, 1, scattered=False))
    for name, value in plain.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_other_types_are_left_alone(plain: Transformer) -> None:
    assert supports(plain)
    assert not supports(copy.deepcopy(plain).float())
