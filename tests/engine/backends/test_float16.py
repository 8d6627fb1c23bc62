"""Cards without bfloat16 run the plain modules in float16, which is closer to float32 than it."""

from __future__ import annotations

import copy

import pytest
import torch

from vvcli.bench.random_model import random_model
from vvcli.bench.shapes import SHAPES
from vvcli.engine.backends.compare_parts import PARTS, Case, Part
from vvcli.engine.backends.plain import plain_backend
from vvcli.model.config import ModelConfig
from vvcli.model.vibevoice import VibeVoice
from vvcli.speech.device import pick_dtype

CUDA = torch.device("cuda")


@pytest.mark.parametrize(
    ("capability", "dtype"),
    [((7, 0), torch.float16), ((7, 5), torch.float16), ((8, 0), torch.bfloat16)],
)
def test_auto_is_what_the_card_has(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    assert pick_dtype("auto", CUDA) == dtype
    assert pick_dtype("float16", torch.device("cpu")) == torch.float16


@pytest.fixture(scope="module")
def model() -> VibeVoice:
    return random_model(ModelConfig.from_dict(SHAPES["tiny"]), torch.device("cpu"), torch.float16)


@pytest.mark.numeric
@torch.inference_mode()
@pytest.mark.parametrize(
    "part", [part for part in PARTS if part.field != "join_text"], ids=lambda part: part.field
)
def test_each_part_is_close_to_float32(model: VibeVoice, part: Part) -> None:
    exact_model = copy.deepcopy(model).float()
    case = Case.random(model, 3)
    found = part.run(plain_backend(model), case.fresh())
    wanted = part.run(plain_backend(exact_model), case.to(exact_model).fresh())
    for one, other in zip(found, wanted, strict=True):
        error = (one.double() - other.double()).norm() / other.double().norm().clamp(min=1e-30)
        assert float(error) < 0.01
