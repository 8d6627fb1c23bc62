"""Solver steps and guidance are those that `config.json` names, where the user asks for none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TINY, InProcess
from vvcli import Synthesizer
from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.cli.serve_run import ServeRequest, _info

EXACT = ("-q", "--deterministic", "-V", "Ada", "-f", "f32le")
LINE = "Yes."


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model, whose config names 2 steps and guidance 3."""
    folder = tmp_path_factory.mktemp("models") / "named"
    shutil.copytree(TINY, folder, ignore=shutil.ignore_patterns("expected", "cases.json"))
    path = folder / "config.json"
    config = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(config | {"solver_steps": 2, "cfg_scale": 3}), "utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.numeric
def test_speech_is_that_of_the_options(
    vvcli: InProcess, named: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(model: Path, *options: str) -> bytes:
        found = vvcli("speak", "-m", model, *EXACT, *options, LINE)
        assert found.status == 0
        return found.stdout

    own = said(named)
    assert own == said(TINY, "--steps", "2", "--cfg-scale", "3")
    assert own != said(TINY, "--cfg-scale", "3")
    as_demos = said(TINY)
    assert said(named, "--steps", "5", "--cfg-scale", "1.5") == as_demos
    monkeypatch.setenv("VVCLI_STEPS", "5")
    monkeypatch.setenv("VVCLI_CFG_SCALE", "1.5")
    assert said(named) == as_demos


@pytest.mark.slow
def test_files_are_made_anew_for_other_steps_alone(
    vvcli: InProcess, named: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text(LINE)

    def batch(*options: str) -> int:
        out = ("-q", "-d", tmp_path / "out", "-m", named, "-V", "Ada", "--existing", "error")
        return vvcli("batch", tmp_path / "a.txt", *out, *options).status

    assert batch() == 0
    before = (tmp_path / "out/manifest.jsonl").read_bytes()
    assert batch("--steps", "2", "--cfg-scale", "3") == 0
    assert (tmp_path / "out/manifest.jsonl").read_bytes() == before
    assert batch("--steps", "3") == 2  # another file of this name is there
    assert batch("--cfg-scale", "0") == 2


@pytest.mark.slow
def test_a_bench_runs_and_names_them(
    vvcli: InProcess, named: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def steps(*options: str) -> int:
        frame = ("frame", "--streams", "1", "--frames", "1", "--device", "cpu", "--json")
        assert vvcli("bench", *frame, *options).status == 0
        return int(json.loads(capsys.readouterr().out)["steps"])

    assert steps("-m", str(named)) == 2
    assert steps("-m", str(named), "--steps", "4") == 4
    assert steps("--shape", "tiny") == 5


@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, (2, 3.0)), ({"steps": 9}, (9, 3.0)), ({"cfg_scale": 0.0}, (2, 0.0))],
)
def test_a_server_tells_clients(
    named: Path, options: dict[str, Any], expected: tuple[int, float]
) -> None:
    asked = {"model": named, "steps": None, "seed": 0, "cfg_scale": None, "deterministic": False}
    folder = ModelFolder(named)
    synthesizer = Synthesizer(folder, "Ada", device="cpu", streams=1)
    paths: dict[str, Any] = dict.fromkeys(("socket_path", "token_file", "log", "max_ahead"))
    limits: dict[str, Any] = {"queue": 1, "drain": 1.0, "stall": 1.0}
    request = ServeRequest(**paths, **limits, listen=(), systemd=False, allow_origin=(), quiet=True)
    settings = _info(synthesizer, folder, request, asked | options).settings
    assert (settings["steps"], settings["cfg_scale"]) == expected
