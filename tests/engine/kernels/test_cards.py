"""Kernels for cards that are not here: which tiles they get, and that they compile and fit."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("triton", reason="needs Triton")

from tests.engine.kernels.conftest import INTERPRETED
from vvcli.bench.compile_targets import card_for, compile_kernels, describe_tile
from vvcli.bench.shapes import SHAPES
from vvcli.engine.backends.triton.common.card import HOPPER, Card
from vvcli.engine.backends.triton.common.tile import Tile, fit
from vvcli.engine.backends.triton.head import diffusion_head
from vvcli.engine.backends.triton.lm import transformer
from vvcli.engine.backends.triton.offline import Launch, launches_seen, walk_steps
from vvcli.engine.sizes import StepSize
from vvcli.model.config import ModelConfig

pytestmark = pytest.mark.skipif(INTERPRETED, reason="the interpreter compiles nothing")

CONFIG = ModelConfig.from_dict(SHAPES["realtime-0.5b"])
SIZES = [StepSize(1, 0), StepSize(4, 4), StepSize(32, 4), StepSize(256, 16), StepSize(1024, 0)]
PINNED = Path(__file__).parents[2] / "data" / "hopper_launches.txt"


def launches(card: Card) -> list[str]:
    """The launches of steps of SIZES on `card`, each once a size."""
    lines = []
    for size in SIZES:
        found: dict[str, None] = {}

        def see(launch: Launch, found: dict[str, None] = found) -> None:
            grid = "x".join(map(str, launch.grid))
            found[f"{launch.kernel} {grid} {describe_tile(launch.values)}"] = None

        with launches_seen(see):
            walk_steps(CONFIG, card, [size], solver_steps=5)
        lines += [f"# {size.streams} streams, {size.windows} windows", *found]
    return lines


@pytest.mark.slow
@pytest.mark.xdist_group("compile pool")  # a process imports much for tensors without memory
def test_a_hopper_card_gets_the_tiles_that_were_measured_on_one() -> None:
    assert launches(HOPPER) == PINNED.read_text(encoding="utf-8").splitlines()


def test_tables_are_as_they_are_on_a_hopper_card() -> None:
    assert [plan.fitted(HOPPER) for plan in transformer.PLANS.values()] == [
        *transformer.PLANS.values()
    ]
    assert [plan.fitted(HOPPER) for plan in diffusion_head.PLANS.values()] == [
        *diffusion_head.PLANS.values()
    ]


def test_steps_in_flight_shrink_with_the_card() -> None:
    small = card_for("8.6")
    assert fit(Tile(64, 32, 64, 4, 5), small) == Tile(64, 32, 64, 4, 5)
    assert fit(Tile(64, 16, 256, 4, 4), small) == Tile(64, 16, 256, 4, 3)
    # Two steps of this depth would be too few: three of half of it are as much.
    assert fit(Tile(128, 256, 64, 8, 3), small) == Tile(128, 256, 32, 8, 3)


@pytest.mark.slow
@pytest.mark.xdist_group("compile pool")  # a process imports much for tensors without memory
@pytest.mark.parametrize(
    ("capability", "sizes"),
    [("8.6", SIZES), ("9.0", SIZES[::-1])],
    ids=["8.6 from one stream on", "9.0 from many on"],
)
def test_every_kernel_compiles_and_fits(
    capability: str,
    sizes: list[StepSize],
    pytestconfig: pytest.Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Kept for the next run, if pytest keeps anything: Triton compiles what has changed.
    cache = getattr(pytestconfig, "cache", None)
    monkeypatch.setenv("TRITON_CACHE_DIR", str(cache.mkdir("triton") if cache else tmp_path))
    monkeypatch.setenv("TRITON_DISABLE_LINE_INFO", "1")  # nobody looks for a line: an eighth faster
    card = card_for(capability)
    compiled = compile_kernels(CONFIG, card, sizes, one_each=True)
    assert [kernel for kernel in compiled if not kernel.fits(card)] == []
    assert {kernel.kernel for kernel in compiled} >= KERNELS
    # Some assemblers keep the registers where `read_needs` does not find them.
    assert all(0 < kernel.needs.registers <= 255 for kernel in compiled if kernel.needs)


KERNELS = {
    *("linear_kernel", "swiglu_kernel", "gate_kernel", "normalise_kernel", "add_kernel"),
    *("qkv_kernel", "rotate_kernel", "attention_kernel", "commit_kernel", "place_kernel"),
    *("commit_text_kernel", "condition_kernel", "begin_kernel", "solver_step_kernel"),
    *("window_kernel", "row_mixer_kernel", "join_kernel", "few_rows_kernel"),
    *("feed_forward_kernel", "block_kernel", "head_kernel"),
}
