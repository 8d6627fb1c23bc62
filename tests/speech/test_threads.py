"""How many threads compute on a CPU follows from the machine and the options alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from vvcli.bench.random_model import random_model
from vvcli.bench.shapes import SHAPES
from vvcli.engine.threads import set_step_threads, step_threads
from vvcli.model.config import ModelConfig
from vvcli.model.vibevoice import VibeVoice
from vvcli.speech import device as device_module
from vvcli.speech.device import MAX_STEP_THREADS, suit_threads

CORES = 6


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One of six cores, whose environment says nothing of threads."""
    before = torch.get_num_threads(), step_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(device_module, "available_threads", lambda: CORES)
    yield
    torch.set_num_threads(before[0])
    set_step_threads(before[1])


@pytest.fixture(scope="module")
def model() -> VibeVoice:
    config = ModelConfig.from_dict(SHAPES["tiny"])
    return random_model(config, torch.device("cpu"), torch.float32)


def chosen(model: VibeVoice, **options: object) -> tuple[int, int]:
    """Threads that streams are shared out to, and those that operators are."""
    suit_threads(model, **options)  # type: ignore[arg-type]
    return step_threads(), torch.get_num_threads()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (MAX_STEP_THREADS, 1)),
        ({"threads": 1}, (1, 1)),
        ({"threads": 5}, (5, 1)),
        ({"deterministic": True}, (1, 1)),
        ({"deterministic": True, "threads": 5}, (1, 1)),
    ],
)
def test_a_small_model_shares_out_its_streams(
    model: VibeVoice, options: dict[str, object], expected: tuple[int, int]
) -> None:
    assert chosen(model, **options) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (1, CORES)),
        ({"threads": 3}, (1, 3)),
        ({"deterministic": True}, (1, 1)),
        ({"deterministic": True, "threads": 3}, (1, 3)),
    ],
)
def test_a_large_model_shares_out_its_operators(
    model: VibeVoice,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, object],
    expected: tuple[int, int],
) -> None:
    monkeypatch.setattr(device_module, "SMALL_MODEL", 1000)
    assert chosen(model, **options) == expected


def test_the_environment_says_how_many(model: VibeVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", str(CORES))
    assert chosen(model) == (CORES, 1)
    assert chosen(model, threads=2) == (2, 1)


def test_the_second_model_of_a_process_has_as_many_as_the_first(model: VibeVoice) -> None:
    assert chosen(model, deterministic=True) == (1, 1)
    assert chosen(model) == (MAX_STEP_THREADS, 1)
