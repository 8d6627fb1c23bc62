from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.rounding import assert_close
from vvcli.model.diffusion_head import solver_steps
from vvcli.model.vibevoice import VibeVoice

pytestmark = pytest.mark.numeric

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "dpm.json").read_text(encoding="utf-8")
)

# Sums on the way through the head, the timestep's and the condition's among them.
TERMS = 1500


@torch.inference_mode()
def test_all_steps_at_once_equal_one_forward_per_step(random_tiny: VibeVoice) -> None:
    head = random_tiny.prediction_head
    condition = torch.randn(3, 64, dtype=torch.float64)
    x = torch.randn(3, 16, dtype=torch.float64)
    timesteps = torch.tensor([999, 400, 1])
    modulations = head.modulate(condition, head.embed_timesteps(timesteps))
    for timestep, modulation in zip(timesteps, modulations, strict=True):
        expected = head(x, timestep.repeat(3), condition)
        assert_close(
            head.denoise(x, modulation), expected, roundings=2 * TERMS, dtype=torch.float64
        )
    assert not torch.allclose(head.denoise(x, modulations[0]), head.denoise(x, modulations[2]))


def test_bfloat16_timesteps_are_rounded_as_in_the_reference(random_tiny: VibeVoice) -> None:
    head = copy.deepcopy(random_tiny.prediction_head).bfloat16()
    a, b, c = head.embed_timesteps(torch.tensor([999, 1000, 996]))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


@pytest.mark.parametrize("count", [5, 6, 10, 20])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_golden_trajectories(count: int, dtype: torch.dtype) -> None:
    golden = GOLDEN[str(count)]
    steps = solver_steps(count)
    assert [step.timestep for step in steps] == golden["timesteps"]
    x, x0 = torch.tensor(golden["x"][0], dtype=dtype), None
    for step, v, expected in zip(steps, golden["v"], golden["x"][1:], strict=True):
        x, x0 = step.apply(x, torch.tensor(v, dtype=dtype), x0)
        # The reference computes in float32 and rounds ten times a step or less, and so do we.
        assert_close(x, torch.tensor(expected), roundings=2 * 10 * count)


def test_a_perfect_prediction_arrives_at_the_target_from_any_noise() -> None:
    target, noise = torch.tensor([0.3, -2.0]).double(), torch.tensor([1.1, 0.4]).double()
    for count in (1, 2, 5, 50):
        x, x0 = noise, None
        for step in solver_steps(count):
            # The velocity that points from x to the target: v = (alpha·x - x0) / sigma.
            x, x0 = step.apply(x, (step.alpha * x - target) / step.sigma, x0)
        assert_close(x, target, roundings=20 * count, dtype=torch.float64)


@pytest.mark.parametrize("count", [0, -1, 1000])
def test_impossible_step_counts_are_named(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} solver steps"):
        solver_steps(count)
