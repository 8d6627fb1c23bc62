from __future__ import annotations

import copy

import pytest
import torch

from tests.rounding import assert_close
from vvcli.model.vibevoice import VibeVoice

pytestmark = pytest.mark.numeric

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
