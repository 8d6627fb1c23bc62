"""What the tables say of a GPU, from figures that were made up."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from vvcli.bench.floor import Rates
from vvcli.bench.frame_time import FrameTime
from vvcli.bench.load.engine import EngineTrial
from vvcli.bench.readings import Memory
from vvcli.cli.bench import frame, load, trials
from vvcli.cli.bench.options import Bench
from vvcli.cli.environment import Environment

MEMORY = Memory(allocated=3.0, reserved=4.0, used=9.0, process=None)
COUNTERS: dict[str, Any] = {"captures": 2, "replays": 30, "eager_steps": 0, "reasons": []}


@pytest.fixture
def bench() -> Bench:
    return Bench(Environment(io.StringIO()), "tiny", None, 5, "cuda", "auto", as_json=False)


def test_frames_with_graphs_beside_eager(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    row = FrameTime(
        streams=32,
        frame_ms=3.7,
        fastest_ms=3.6,
        slowest_ms=4.1,
        eager_ms=22.2,
        ratio=6.0,
        stages_ms={"diffusion": 0.7, "decoder": 1.5, "lm": 1.4},
        real_time_streams=1153.2,
        positions=200,
        floor_ms=0.6,
        floor_of="bytes",
        floor_share=0.162,
        memory=MEMORY,
        eager_memory=replace(MEMORY, allocated=3.5),
        counters=COUNTERS | {"reasons": ["frames of 32 streams as one graph: no"]},
    )
    bench.rates(Rates(4.2e12, 7.75e14))
    frame._head(bench, on_cuda=True)
    bench.line(frame._row(row, on_cuda=True))
    frame._memory(bench, [row])
    rates, _, head, figures, _, _, names, memory, reason = capsys.readouterr().out.splitlines()
    assert rates.startswith("copy 4200 GB/s, matrix product 775 TFLOP/s")
    assert dict(zip(head.split(), figures.split(), strict=False))["ratio"] == "6.0x"
    assert figures.endswith("0.60     16% bytes")
    assert names.split() == ["streams", "graphs", "eager", "graphs", "eager"]
    assert memory.split() == ["32", "3.00", "3.50", "4.00", "4.00"]
    assert reason == "32 streams: frames of 32 streams as one graph: no"


def test_a_load_that_holds_has_a_price(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    trial = EngineTrial(
        rate=125.0,
        sessions=1900,
        ttfa_p50_ms=31.0,
        ttfa_p99_ms=62.5,
        worst_gap_ms=40.0,
        worst_lateness_ms=0.0,
        underrun_share=0.0,
        held_mean=2500.4,
        held_most=2570,
        generating_mean=300.0,
        audio_s_per_s=2500.0,
        ramp_s=33.0,
        measured_s=15.0,
        gpu_percent=97.0,
        broken_off=False,
        timed_out=False,
        holds=True,
    )
    assert load._row(trial).split()[:4] == ["125", "1900", "31.0", "62.5"]
    assert trials._verdict(trial) == "holds"
    assert trials._verdict(replace(trial, holds=False, broken_off=True)) == "broken off"
    trials.print_best(bench, [trial], trial, {}, 2.5)
    text = capsys.readouterr().out
    assert "125 sessions a second" in text
    assert "2500 on average, 2570 at most" in text
    assert "an hour of audio     0.001" in text
    trials.print_best(bench, [], None, {}, 2.5)
    assert "no rate was seen to hold" in capsys.readouterr().out
