"""`vvcli warm` compiles all sizes of steps, for a card that is here or one that is named."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.conftest import TINY, InProcess
from vvcli.bench.shapes import SHAPES
from vvcli.cli.warm import CAPABILITIES
from vvcli.model.config import ModelConfig


def test_the_same_cards_are_compiled_for_everywhere() -> None:
    pytest.importorskip("triton", reason="needs Triton")
    from vvcli.bench.compile_targets import CARDS
    from vvcli.speech.kernels import MULTIPROCESSORS

    assert [*CARDS] == [*CAPABILITIES] == [*MULTIPROCESSORS]


def test_on_a_cpu_there_is_nothing_to_compile(
    vvcli: InProcess, capfd: pytest.CaptureFixture[str]
) -> None:
    assert vvcli("warm", "-m", TINY, "--device", "cpu").status == 0
    assert capfd.readouterr().out.startswith("nothing to compile")


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would have been compiled: card, sizes, solver steps."""
    pytest.importorskip("triton", reason="needs Triton")
    from vvcli.engine.backends.triton import offline

    calls: list[Any] = []

    def compile_steps(config: ModelConfig, card: Any, sizes: Any, steps: int) -> int:
        assert config.lm.vocab_size
        calls.append((card, sizes, steps))
        return 7

    monkeypatch.setattr(offline, "compile_steps", compile_steps)
    return calls


def test_a_named_capability_needs_no_card(
    vvcli: InProcess, capfd: pytest.CaptureFixture[str], compiled: list[Any]
) -> None:
    asked = ["--capability", "8.9", "-j", "5", "--steps", "3"]
    assert vvcli("warm", "-m", TINY, *asked).status == 0
    assert "compute capability 8.9: 7 kernels compiled, for up to 5" in capfd.readouterr().out
    ((card, sizes, steps),) = compiled
    assert (card.capability, card.shared_memory, steps) == ((8, 9), 99 * 1024, 3)
    assert vvcli("warm", "-m", TINY, *asked[:-2]).status == 0
    assert compiled[1][2] == 5  # the model's own
    # Every pair of streams and text windows that a run of 5 records can meet.
    found = {(size.streams, size.windows) for size in sizes}
    assert {(5, 0), (5, 5), (4, 4), (2, 0), (1, 0), (0, 5)} <= found
    assert max(found) == (5, 5)
    assert vvcli("warm", "-m", TINY, *asked[:2]).status == 0
    assert "for up to 256 records" in capfd.readouterr().out, "as on a large card"


def test_an_old_card_has_nothing_to_compile(
    vvcli: InProcess,
    capfd: pytest.CaptureFixture[str],
    compiled: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from vvcli.speech import kernels

    monkeypatch.setattr(kernels, "pick_device", lambda _: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    assert vvcli("warm", "-m", TINY).status == 0
    assert capfd.readouterr().out.startswith("nothing to compile")
    assert compiled == []


class FakePool:
    """Notes what is begun."""

    def __init__(self) -> None:
        self.started = True
        self.begun: list[Any] = []

    def begin(self, steps: Any) -> None:
        self.begun.append(steps)


@pytest.mark.parametrize(
    ("dtype", "capability", "runs"),
    [
        (torch.bfloat16, (9, 0), True),
        (torch.float32, (9, 0), False),
        (torch.bfloat16, (7, 5), False),
    ],
)
def test_a_gpu_without_any_kernels_has_the_first_ones_compiled_while_the_model_loads(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, capability: tuple[int, int], runs: bool
) -> None:
    pytest.importorskip("triton", reason="needs Triton")
    from vvcli.engine.backends.triton.common.card import Card
    from vvcli.speech import kernels

    pool, config = FakePool(), ModelConfig.from_dict(SHAPES["tiny"])
    monkeypatch.setattr(kernels, "POOL", pool)
    monkeypatch.setattr(kernels, "start_if_nothing_is_compiled", lambda: None)
    monkeypatch.setattr(kernels, "card_of", lambda _: Card(capability, 99 * 1024, 82))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=24 << 30)
    )
    kernels.begin_compiling(config, torch.device("cuda"), dtype, "auto", 3)
    kernels.begin_compiling(config, torch.device("cuda"), dtype, "auto", None)
    assert [steps["solver_steps"] for steps in pool.begun] == ([3, 5] if runs else [])
    for steps in pool.begun:
        assert steps["sizes"] == [(0, 4), (1, 0), (1, 4)]
    pool.started = False  # others are compiled already
    kernels.begin_compiling(config, torch.device("cuda"), dtype, "auto", 3)
    assert len(pool.begun) == 2 * runs
