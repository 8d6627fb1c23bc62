from __future__ import annotations

import copy

import pytest
import torch

pytest.importorskip("triton", reason="needs Triton")

from tests.engine.kernels.conftest import INTERPRETED, MARGIN, is_same, relative_error
from vvcli.bench.shapes import SHAPES
from vvcli.engine.backends.triton.head import diffusion_head as kernels
from vvcli.engine.backends.triton.head.diffusion_head import FusedDiffusionHead, supports
from vvcli.model.config import ModelConfig
from vvcli.model.diffusion_head import DiffusionHead, SolverTable

CONFIG = ModelConfig.from_dict(SHAPES["tiny" if INTERPRETED else "realtime-0.5b"]).head
RING = 8


@pytest.fixture(scope="module")
def plain(device: torch.device) -> DiffusionHead:
    generator = torch.Generator().manual_seed(0)
    head = DiffusionHead(CONFIG)
    for name, parameter in head.named_parameters():
        values = torch.randn(parameter.shape, generator=generator)
        if name.endswith("norm.weight"):
            parameter.data = 1 + 0.3 * values
        else:
            parameter.data = values / parameter.shape[1] ** 0.5
    return head.to(device, torch.bfloat16).requires_grad_(False)


class Case:
    """Streams at different frames, each with its own guidance."""

    def __init__(self, generator: torch.Generator, streams: int) -> None:
        device = generator.device
        shape = (streams, 2, CONFIG.hidden_size)
        self.condition = torch.randn(shape, generator=generator, device=device).bfloat16()
        shape = (streams + 1, RING, CONFIG.latent_size)
        self.ring = torch.randn(shape, generator=generator, device=device)
        self.frame = torch.randint(0, 100, (streams,), generator=generator, device=device)
        self.noise = self.ring[torch.arange(streams, device=device), self.frame % RING]
        self.guidance = 3 * torch.rand(streams, generator=generator, device=device)

    def check(self, plain: DiffusionHead, fused: FusedDiffusionHead, steps: int) -> None:
        table = SolverTable.build(plain, steps)
        exact = copy.deepcopy(plain).double().sample(
            self.condition.double(), self.noise, self.guidance,
            SolverTable(table.steps, table.embedding.double()),
        )  # fmt: skip
        own = plain.sample(self.condition, self.noise, self.guidance, table)
        latent = fused.sample(self.condition, self.noise, self.guidance, table)
        assert latent.dtype == torch.float64
        assert relative_error(latent, exact) < max(MARGIN * relative_error(own, exact), 1e-2)


@pytest.mark.parametrize("streams", [1, 9] if INTERPRETED else [1, 3, 20, 32, 100, 256, 1024])
@pytest.mark.parametrize("steps", [1, 5])
def test_latents(
    plain: DiffusionHead, generator: torch.Generator, streams: int, steps: int
) -> None:
    Case(generator, streams).check(plain, FusedDiffusionHead(plain), steps)


@pytest.mark.parametrize("rows", list(kernels.PLANS))
def test_every_plan(
    plain: DiffusionHead, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(kernels, "PLANS", {1 << 31: kernels.PLANS[rows]})
    Case(generator, 3).check(plain, FusedDiffusionHead(plain), 3)


def test_noise_from_the_ring(plain: DiffusionHead, generator: torch.Generator) -> None:
    case, fused = Case(generator, 5), FusedDiffusionHead(plain)
    table = SolverTable.build(plain, 3)
    expected = fused.sample(case.condition, case.noise, case.guidance, table)
    latent = fused.sample(case.condition, case.ring, case.guidance, table, case.frame)
    assert torch.equal(latent, expected)


def test_a_stream_does_not_depend_on_its_neighbours(
    plain: DiffusionHead, generator: torch.Generator
) -> None:
    case, other, fused = Case(generator, 20), Case(generator, 20), FusedDiffusionHead(plain)
    other.condition[3], other.noise[3] = case.condition[17], case.noise[17]
    other.guidance[3] = case.guidance[17]
    other.condition[4], other.guidance[5] = float("nan"), float("nan")
    table = SolverTable.build(plain, 2)
    one = fused.sample(case.condition, case.noise, case.guidance, table)
    two = fused.sample(other.condition, other.noise, other.guidance, table)
    assert is_same(one[17], two[3])


def test_the_plain_head_stays_as_it_is(plain: DiffusionHead, generator: torch.Generator) -> None:
    before = copy.deepcopy(plain.state_dict())
    case, fused = Case(generator, 2), FusedDiffusionHead(plain)
    table = SolverTable.build(plain, 2)
    fused.sample(case.condition, case.noise, case.guidance, table)
    for name, value in plain.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_other_types_are_left_alone(plain: DiffusionHead) -> None:
    assert supports(plain)
    assert not supports(copy.deepcopy(plain).float())
