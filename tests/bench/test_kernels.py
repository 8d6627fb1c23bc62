"""Kernels' bytes and FLOPs against what was counted by hand, and the table of a made-up trace."""

from __future__ import annotations

from typing import Any

import pytest
import torch

pytest.importorskip("triton", reason="needs Triton")

from tests.engine.kernels.conftest import INTERPRETED
from vvcli.bench.floor import Rates, frame_work
from vvcli.bench.kernel_work import PRODUCT, KernelWork, kernel_work
from vvcli.bench.kernels import make_table
from vvcli.bench.shapes import SHAPES
from vvcli.cli.bench.kernels import table_lines
from vvcli.engine.backends.triton.common.card import HOPPER
from vvcli.model.config import ModelConfig

CONFIG = ModelConfig.from_dict(SHAPES["realtime-0.5b"])
RATES = Rates(3.0e12, 805e12)
CACHE = torch.bfloat16

# Of the 0.5B shape with 5 steps and 200 positions, by hand: streams, kernel, calls, MB, GFLOP.
BY_HAND = [
    (1, "linear_kernel", 64, 329, 0.8),
    (1, "swiglu_kernel", 40, 541, 1.1),
    (1, "few_rows_kernel", 16, 537, 0.5),
    (1, "feed_forward_kernel", 18, 66, 1.5),
    (1, "qkv_kernel", 20, 41, 0.1),
    (1, "attention_kernel", 20, 2.1, 0.0),
    (1, "window_kernel", 7, 83, 0.4),
    (1024, "block_kernel", 9, 3780, 1141),
    (1024, PRODUCT, 135, 6542, 4100),
    (1024, "attention_kernel", 20, 2108, 14.8),
    (1024, "window_kernel", 7, 1430, 452),
    (1024, "row_mixer_kernel", 17, 2150, 3.7),
    (1024, "join_kernel", 4, 440, 0.0),
]


@pytest.fixture(scope="module")
def work() -> dict[int, dict[str, KernelWork]]:
    if INTERPRETED:
        pytest.skip("the interpreter has no launches to see")
    return {
        streams: kernel_work(CONFIG, HOPPER, streams, steps=5, positions=200, rates=RATES)
        for streams in (1, 1024)
    }


@pytest.mark.slow
@pytest.mark.xdist_group("compile pool")
def test_work_is_what_was_counted_by_hand(work: dict[int, dict[str, KernelWork]]) -> None:
    for streams, kernel, calls, megabytes, gigaflops in BY_HAND:
        found = work[streams][kernel]
        assert found.calls == calls, (streams, kernel)
        assert found.bytes / 1e6 == pytest.approx(megabytes, rel=0.02), (streams, kernel)
        assert found.flops / 1e9 == pytest.approx(gigaflops, rel=0.02, abs=0.06), (streams, kernel)


@pytest.mark.slow
@pytest.mark.xdist_group("compile pool")
def test_kernels_do_the_work_of_a_frame(work: dict[int, dict[str, KernelWork]]) -> None:
    for streams, kernels in work.items():
        whole = frame_work(
            CONFIG, CACHE, weight_size=2, streams=streams, steps=5, positions=200
        )  # fmt: skip
        assert sum(one.flops for one in kernels.values()) == pytest.approx(whole.flops, rel=0.01)
        assert sum(one.floor_us for one in kernels.values()) >= 0.99e3 * whole.floor(RATES)[0]


def event(name: str, start: float, duration: float, kind: str = "kernel") -> dict[str, Any]:
    return {"name": name, "ts": start, "dur": duration, "cat": kind, "ph": "X"}


# Two frames; the second kernel of each overlaps the first by half.
TRACE = [
    *(event("linear_kernel", start, 10.0) for start in (0.0, 100.0)),
    *(event("nvjet_tst_128x256_64x4_2x1_v_bz_TNT", start, 10.0) for start in (5.0, 105.0)),
    *(event("Memcpy DtoD", start, 1.0, "gpu_memcpy") for start in (20.0, 120.0)),
    event("cudaGraphLaunch", 0.0, 500.0, "cuda_runtime"),
    {"name": "process_name", "ph": "M"},
]
WORK = {
    "linear_kernel": KernelWork(1, 3e6, 8e6, 2.5),
    PRODUCT: KernelWork(1, 1e6, 4e9, 5.0),
    "block_kernel": KernelWork(9, 1e6, 1e9, 1.5),
}


def test_a_trace_becomes_times_a_frame_and_shares_of_floors() -> None:
    table = make_table(4, TRACE, 2, WORK)
    assert (table.busy_us, table.kernels_us, table.floor_us) == (16.0, 21.0, 9.0)
    rows = {row.kernel: row for row in table.rows}
    assert [*rows] == ["linear_kernel", PRODUCT, "Memcpy DtoD"]
    assert (rows["linear_kernel"].calls, rows["linear_kernel"].share) == (1.0, 0.25)
    assert rows[PRODUCT].share == 0.5
    assert rows["Memcpy DtoD"].share is None


def test_the_table_has_a_line_for_each_kernel() -> None:
    lines = table_lines(make_table(4, TRACE, 2, WORK))
    assert lines[1].startswith("4 streams: busy 16 us a frame, kernels 21 us")
    assert lines[3].split() == ["1.0", "3.0", "0.0", "2.5", "10.0", "25%", "linear_kernel"]
    assert lines[5].split() == ["1.0", "1.0", "Memcpy", "DtoD"]
