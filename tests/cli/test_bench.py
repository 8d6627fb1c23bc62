from __future__ import annotations

import json

import pytest

from tests.conftest import InProcess

ARGUMENTS = ["bench", "--shape", "tiny", "--streams", "1,2", "--frames", "2", "--device", "cpu"]


def test_json(vvcli: InProcess, capsys: pytest.CaptureFixture[str]) -> None:
    assert vvcli(*ARGUMENTS, "--json").status == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["model"], figures["dtype"], figures["steps"]) == ("tiny", "float32", 5)
    assert [row["streams"] for row in figures["frames"]] == [1, 2]
    for row in figures["frames"]:
        assert 0 < row["fastest_ms"] <= row["frame_ms"] <= row["slowest_ms"]
        # A frame of the tiny shape is 160 samples.
        pace = row["streams"] * (160 / 24) / row["frame_ms"]
        assert row["real_time_streams"] == pytest.approx(pace)


def test_table(vvcli: InProcess, capsys: pytest.CaptureFixture[str]) -> None:
    assert vvcli(*ARGUMENTS, "--dtype", "bfloat16", "--steps", "2").status == 0
    title, head, *rows = capsys.readouterr().out.splitlines()
    assert title.startswith("tiny, torch.bfloat16, 2 steps, on ")
    assert "ms/frame" in head
    assert [row.split()[0] for row in rows] == ["1", "2"]


@pytest.mark.parametrize("streams", ["0", "", "1,", "1,x", "-1", "1.5", "65537"])
def test_a_list_that_is_none(vvcli: InProcess, streams: str) -> None:
    result = vvcli("bench", "--streams", streams)
    assert result.status == 2
    assert "is not a list of numbers such as 1,4,32" in result.error
