from __future__ import annotations

import pytest
import torch

from vvcli.bench.random_model import random_model
from vvcli.bench.shapes import SHAPES
from vvcli.model.config import ModelConfig
from vvcli.model.vibevoice import VibeVoice


@pytest.fixture(scope="session")
def random_tiny() -> VibeVoice:
    """The tiny shape with random weights of spread 0.2, so that every layer shows."""
    model = random_model(ModelConfig.from_dict(SHAPES["tiny"]), torch.device("cpu"), torch.float64)
    for name, parameter in model.named_parameters():
        if "norm" not in name:
            parameter.mul_(10)
    return model
