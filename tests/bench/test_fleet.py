"""A simulated fleet: nothing is lost, and hardly a slot stands idle where files are made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import InProcess
from vvcli.bench.fleet import FleetSimulation, prose_lengths


@pytest.mark.parametrize("in_order", [False, True])
@pytest.mark.parametrize("deaths", [0, 6])
def test_every_record_is_made_once(in_order: bool, deaths: int) -> None:
    lengths = prose_lengths(3000)
    simulation = FleetSimulation(
        lengths, workers=4, streams=8, speed=78, deaths=deaths, in_order=in_order
    )
    trial = simulation.run()
    assert (trial.missing, trial.twice) == (0, 0)
    assert trial.deaths <= deaths
    ideal = sum(lengths) / 14 / 78 / 32
    assert trial.elapsed_s >= ideal
    if not in_order and not deaths:
        assert trial.idle_percent <= 2
        assert trial.elapsed_s <= ideal / 0.98


def test_the_command_prints_both_orders(
    vvcli: InProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.txt").write_text("One line.\n\nAnother one, longer.\n")
    options = ["--workers", "3", "--streams", "2", "--records", "200", "--deaths", "1"]
    assert vvcli("bench", "fleet", *options, "--lengths", tmp_path / "text.txt").status == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("batch: 200 records by 3 workers of 2 streams in ")
    assert "missing 0, twice 0, dispatch " in first
    assert "worst wait of the head" in second
    assert vvcli("bench", "fleet", *options, "--json").status == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [trial["order"] for trial in found] == ["batch", "speak"]
    (tmp_path / "text.txt").write_text("\n")
    result = vvcli("bench", "fleet", *options, "--lengths", tmp_path / "text.txt")
    assert (result.status, result.error) == (2, f"{tmp_path / 'text.txt'} has no line with text")
