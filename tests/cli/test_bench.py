from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TINY, InProcess
from vvcli.bench import floor, trace

FRAME = ["--shape", "tiny", "--streams", "1,2", "--frames", "2", "--device", "cpu"]

HARDWARE = {"device", "threads", "vvcli", "torch", "python"}


@pytest.fixture(autouse=True)
def small_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor's speed is measured in no time; some take seconds for a bfloat16 product."""
    monkeypatch.setattr(floor, "MATRIX_ON_CPU", 64)


def figures(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert set(found) >= HARDWARE
    return found


@pytest.mark.slow
@pytest.mark.parametrize("command", [["bench"], ["bench", "frame"]])
def test_json(command: list[str], vvcli: InProcess, capsys: pytest.CaptureFixture[str]) -> None:
    assert vvcli(*command, *FRAME, "--json").status == 0
    found = figures(capsys)
    assert (found["model"], found["dtype"], found["steps"]) == ("tiny", "float32", 5)
    assert [row["streams"] for row in found["frames"]] == [1, 2]
    for row in found["frames"]:
        assert 0 < row["fastest_ms"] <= row["frame_ms"] <= row["slowest_ms"]
        # A frame of the tiny shape is 160 samples.
        pace = row["streams"] * (160 / 24) / row["frame_ms"]
        assert row["real_time_streams"] == pytest.approx(pace)
        assert set(row["stages_ms"]) == {"diffusion", "decoder", "lm"}
        assert row["floor_share"] == pytest.approx(row["floor_ms"] / row["frame_ms"])
        assert (row["eager_ms"], row["ratio"]) == (None, None)
        assert row["counters"]["eager_steps"] >= 2
    assert found["frames"][1]["floor_ms"] > found["frames"][0]["floor_ms"] > 0


@pytest.mark.slow
def test_table(vvcli: InProcess, capsys: pytest.CaptureFixture[str]) -> None:
    assert vvcli("bench", *FRAME, "--dtype", "bfloat16", "--steps", "2").status == 0
    title, versions, rates, _, head, *rows = capsys.readouterr().out.splitlines()
    assert title.startswith("tiny, bfloat16, 2 steps, on ")
    assert versions.startswith("torch 2")
    assert "TFLOP/s" in rates
    assert "ms/frame" in head
    assert [row.split()[0] for row in rows] == ["1", "2"]


@pytest.mark.slow
def test_a_model_is_measured_without_its_voices(
    vvcli: InProcess, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).symlink_to(TINY / name)
    arguments = ["--streams", "1", "--frames", "1", "--device", "cpu", "--json"]
    assert vvcli("bench", "-m", tmp_path, *arguments).status == 0
    assert figures(capsys)["model"] == str(tmp_path)


@pytest.mark.parametrize("streams", ["0", "", "1,", "1,x", "-1", "1.5", "65537", "\u0661"])
def test_a_list_that_is_none(vvcli: InProcess, streams: str) -> None:
    result = vvcli("bench", "--streams", streams)
    assert result.status == 2
    assert "is not a list of whole numbers from 1 to 65536, such as 1,4,32" in result.error


def test_a_command_that_is_none(vvcli: InProcess) -> None:
    result = vvcli("bench", "sing")
    assert result.status == 2
    assert "No such command 'sing'" in result.error


@pytest.mark.slow
def test_a_trace_is_written_and_its_top_operators_are_listed(
    vvcli: InProcess,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trace, "FRAMES", 2)  # twenty are ten megabytes
    path = tmp_path / "trace.json"
    result = vvcli("bench", *FRAME, "--json", "--profile", path)
    assert result.status == 0
    assert json.loads(capfd.readouterr().out)["frames"]  # the profiler's library prints elsewhere
    names = {event.get("name") for event in json.loads(path.read_bytes())["traceEvents"]}
    assert "aten::linalg_vector_norm" in names
    assert "aten::linalg_vector_norm" in result.stderr


def test_a_trace_that_cannot_be_written_is_found_before_the_work(
    vvcli: InProcess, tmp_path: Path
) -> None:
    result = vvcli("bench", *FRAME, "--profile", tmp_path / "no" / "trace.json")
    assert result.status == 5
    assert "No such file or directory" in result.error


@pytest.mark.slow
def test_the_config_file_holds_for_the_commands_that_have_the_option(
    vvcli: InProcess,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = tmp_path / "config.toml"
    monkeypatch.setenv("VVCLI_CONFIG", str(config))
    config.write_text("[bench]\nsteps = 3\nframes = 1\n", encoding="utf-8")
    arguments = ["--shape", "tiny", "--streams", "1", "--device", "cpu", "--json"]
    assert vvcli("bench", *arguments).status == 0
    assert figures(capsys)["steps"] == 3
    config.write_text("[bench]\nstep = 3\n", encoding="utf-8")
    assert "bench has no option 'step'" in vvcli("bench", *arguments).error
