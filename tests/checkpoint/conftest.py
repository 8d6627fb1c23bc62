from __future__ import annotations

import json

import pytest

from vvcli.model.config import ModelConfig

from .samples import FULL_CONFIG, TINY


@pytest.fixture(scope="session")
def tiny() -> ModelConfig:
    return ModelConfig.from_dict(json.loads((TINY / "config.json").read_text()))


@pytest.fixture(scope="session")
def full() -> ModelConfig:
    return ModelConfig.from_dict(FULL_CONFIG)
