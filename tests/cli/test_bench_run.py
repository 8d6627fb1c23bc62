"""The figures of `bench run` and of `load` agree with one another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TINY, InProcess

TINY_SHAPE = ["--shape", "tiny", "--device", "cpu"]
FRAME_S = 160 / 24_000


Bench = Callable[..., dict[str, Any]]


def figures(output: str | bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output)
    assert set(found) >= {"model", "dtype", "steps", "device", "torch", "python", "vvcli"}
    return found


@pytest.fixture
def bench(vvcli: InProcess, capfd: pytest.CaptureFixture[str]) -> Bench:
    """The one object that `vvcli bench ... --json` prints, in this process."""

    def call(*arguments: str | Path) -> dict[str, Any]:
        result = vvcli("bench", *arguments, "--json")
        assert result.status == 0, result.stderr
        return figures(capfd.readouterr().out)

    return call


def frames(found: dict[str, Any]) -> int:
    return round(found["audio_s"] / FRAME_S)


@pytest.mark.slow
def test_a_run_is_whole_and_in_order(bench: Bench) -> None:
    arguments = ["--records", "6", "--streams", "2", "--characters", "10-30"]
    found = bench("run", *TINY_SHAPE, *arguments)["run"]
    assert (found["records"], found["streams"], found["in_order"]) == (6, 2, True)
    # Lengths of 10 to 30 characters, spread evenly, and two characters a frame.
    lengths = [12, 15, 18, 22, 25, 28]
    assert found["characters"] == sum(lengths)
    assert frames(found) == sum(length // 2 for length in lengths)
    gaps = 5 * 4800
    assert found["bytes_read"] == found["bytes_written"] == 2 * (160 * frames(found) + gaps)
    assert found["audio_s_per_s"] == pytest.approx(found["audio_s"] / found["elapsed_s"])
    bound = 2 * FRAME_S / (found["bound_frame_ms"] / 1e3)
    assert found["bound_audio_s_per_s"] == pytest.approx(bound)
    assert found["share_of_bound"] == pytest.approx(found["audio_s_per_s"] / bound)
    assert 0 < found["first_audio_s"] < found["elapsed_s"]
    assert 0 < found["first_audio_warm_ms"] <= found["first_audio_warm_worst_ms"]
    # Two streams at a time make frames together: fewer steps than frames.
    assert frames(found) / 2 <= found["counters"]["eager_steps"] < 2 * frames(found)


@pytest.mark.slow
def test_a_run_with_a_real_model_is_as_long_as_its_texts_say(bench: Bench) -> None:
    arguments = ["--records", "2", "--streams", "2", "--characters", "20-20"]
    found = bench("run", "-m", TINY, "--device", "cpu", *arguments)["run"]
    assert found["in_order"]
    assert frames(found) == 2 * 10


@pytest.mark.slow
def test_a_run_says_how_it_went(vvcli: InProcess, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["--records", "1", "--streams", "1", "--characters", "10-10"]
    assert vvcli("bench", "run", *TINY_SHAPE, *arguments).status == 0
    text = capfd.readouterr().out
    assert "order                kept, every record whole" in text
    assert "share of the bound" in text


@pytest.mark.slow
def test_many_workers_speak_what_one_speaks(bench: Bench) -> None:
    arguments = ["--workers", "2", "--records", "6", "--streams", "2", "--characters", "10-30"]
    found = bench("run", *TINY_SHAPE, *arguments, "--files", "flac")
    assert found["format"] == "flac"
    scaling = found["scaling"]
    assert (scaling["workers"], scaling["records"], scaling["streams"]) == (2, 6, 2)
    assert scaling["names"] == ["cpu 0", "cpu 1"]
    assert (scaling["whole"], scaling["same_bits"]) == (True, True)
    assert scaling["audio_s"] == pytest.approx(sum((6, 7, 9, 11, 12, 14)) * FRAME_S)
    speeds = scaling["one_audio_s_per_s"], scaling["all_audio_s_per_s"]
    assert speeds == tuple(sorted(scaling[f"{name}_runs"])[1] for name in ("one", "all"))
    assert scaling["times"] == pytest.approx(speeds[1] / speeds[0])


def test_files_are_for_several_workers(vvcli: InProcess) -> None:
    result = vvcli("bench", "run", *TINY_SHAPE, "--files", "flac")
    assert result.status == 2
    assert "--files compares several workers" in result.error


def test_texts_that_the_context_does_not_hold(vvcli: InProcess) -> None:
    result = vvcli("bench", "run", *TINY_SHAPE, "--records", "1", "--characters", "2000-2000")
    assert result.status == 2
    assert "texts of 2000 characters do not fit" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("wrong", ["10", "30-10", "0-10", "a-b", "1-2-3"])
def test_a_range_that_is_none(vvcli: InProcess, wrong: str) -> None:
    result = vvcli("bench", "run", *TINY_SHAPE, "--characters", wrong)
    assert result.status == 2
    assert "is not a range such as 100-500" in result.error


@pytest.mark.slow
def test_a_load_at_a_rate(bench: Bench) -> None:
    arguments = ["--rate", "20", "--duration", "0.5", "--streams", "2", "--characters", "10-20"]
    found = bench("load", *TINY_SHAPE, *arguments, "--price", "2")
    best, trials = found["best"], found["trials"]
    assert trials == [best]
    assert (best["rate"], best["broken_off"]) == (20, False)
    # Twenty are waited for, at random.
    assert best["measured_s"] == pytest.approx(1, rel=0.1)
    assert 5 <= best["sessions"] <= 45
    assert 0 < best["ttfa_p50_ms"] <= best["ttfa_p99_ms"]
    assert best["held_mean"] <= best["held_most"]
    assert found["price_per_audio_hour"] == pytest.approx(2 / best["audio_s_per_s"])


@pytest.mark.slow
def test_a_load_that_no_rate_holds(bench: Bench) -> None:
    arguments = ["--ttfa", "0.001", "--streams", "1", "--characters", "10-20"]
    found = bench("load", *TINY_SHAPE, *arguments)
    assert found["first_audio_alone_ms"] > 0.001
    assert (found["best"], found["trials"], found["price_per_audio_hour"]) == (None, [], None)


@pytest.mark.slow
def test_a_load_ends_with_its_time_limit(bench: Bench) -> None:
    arguments = ["--ttfa", "1e6", "--streams", "1", "--characters", "10-20"]
    found = bench("load", *TINY_SHAPE, *arguments, "--time-limit", "0.001")
    # Loading alone took longer, so the first rate that is tried is cut off.
    (trial,) = found["trials"]
    assert (trial["timed_out"], trial["holds"]) == (True, False)
    assert (found["best"], found["time_limit_s"]) == (None, 0.001)
