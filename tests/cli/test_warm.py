"""`vvcli warm` compiles all sizes of steps, for a card that is here or one that is named."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.conftest import TINY, InProcess
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
    # Every pair of streams and text windows that a run of 5 records can meet.
    found = {(size.streams, size.windows) for size in sizes}
    assert {(5, 0), (5, 5), (4, 4), (2, 0), (1, 0), (0, 5)} <= found
    assert max(found) == (5, 5)


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
