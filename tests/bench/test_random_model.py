"""Random weights are the same everywhere, and take as much memory as their numbers."""

from __future__ import annotations

import torch

from vvcli.bench import random_model as module
from vvcli.bench.random_model import random_model
from vvcli.bench.shapes import SHAPES
from vvcli.model.config import ModelConfig

CONFIG = ModelConfig.from_dict(SHAPES["tiny"])
CPU = torch.device("cpu")


def test_a_weight_holds_its_own_numbers_and_no_more() -> None:
    for name, tensor in random_model(CONFIG, CPU, torch.float64).state_dict().items():
        held = tensor.untyped_storage().nbytes()
        assert held == tensor.numel() * tensor.element_size(), name


def test_large_weights_repeat_the_numbers_that_small_ones_begin_with() -> None:
    block = torch.arange(5.0)
    assert module._numbers(block, 3).tolist() == [0, 1, 2]
    assert module._numbers(block, 5).tolist() == [0, 1, 2, 3, 4]
    assert module._numbers(block, 12).tolist() == [*range(5), *range(5), 0, 1]
