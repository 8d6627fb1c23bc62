"""`speak --dry-run` says what the run would say, with its status, and loads no model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_startup import DRIVER
from tests.conftest import TINY, InProcess

JSONL = b"""\
{"text": "Yes.", "voice": "Ben", "id": "a"}
{"text": "No.", "voice": "Cleopatra"}
{"text": "Tea.", "voice": "/nowhere/voice.pt"}
"""


def test_what_would_be_spoken_is_listed(
    vvcli: InProcess, capfd: pytest.CaptureFixture[str]
) -> None:
    found = vvcli("speak", "-m", TINY, "--jsonl", "--dry-run", stdin=JSONL)
    assert found.status == 3
    (listed,) = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert listed == {
        "index": 0,
        "source": "stdin:1",
        "id": "a",
        "voice": "Ben",
        "characters": 4,
        "text": "Yes.",
        "spoken": "Yes.",
    }
    second, third, count = found.stderr.splitlines()
    assert second.startswith("vvcli: stdin:2: there is no voice 'Cleopatra'")
    assert third == "vvcli: stdin:3: there is no voice file /nowhere/voice.pt"
    assert count == "vvcli: 1 record would be spoken, 2 not"


# Arguments, input, and the status of both.
CASES: list[tuple[list[str], bytes, int]] = [
    (["-m", str(TINY)], b"Hello.\n\nYes.\n", 0),
    (["-m", str(TINY)], b"Hello.\n\xff\n", 3),
    (["-m", str(TINY)], b"\xff\n", 1),
    (["-m", str(TINY)], b"\n \n", 1),
    (["-m", str(TINY), "-V", "Ben"], b"Hello.", 0),
    (["-m", str(TINY), "-V", "Cleopatra"], b"Hello.", 4),
    (["-m", str(TINY), "-V", "/nowhere/voice.pt"], b"Hello.", 4),
    (["-m", str(TINY), "--jsonl"], JSONL, 3),
    (["-m", str(TINY), "--jsonl", "--on-error", "stop"], JSONL, 3),
    (["-m", str(TINY), "--jsonl"], b'{"text": "Yes.", "voice": "Cleopatra"}', 1),
    (["-m", "/nowhere/model"], b"Hello.", 4),
    (["-m", "embedded"], "你好\nHello.\n".encode(), 3),
    (["-m", "embedded"], "你好\n".encode(), 1),
    (["-m", str(TINY), "-f", "opus", "-r", "44100"], b"Hello.", 2),
    (["-m", str(TINY), "-o", "speech"], b"Hello.", 2),
    (["-m", str(TINY), "-o", "speech.wav", "-f", "mp3"], b"Hello.", 2),
    (["-m", str(TINY), "-o", "/nowhere/speech.wav"], b"Hello.", 5),
    (["-m", str(TINY), "-o", "there.wav"], b"Hello.", 5),
    (["-m", str(TINY), "-o", "file/speech.wav"], b"Hello.", 5),
    (["-m", str(TINY), "--cues", "/nowhere/cues.srt"], b"Hello.", 5),
    (["-m", str(TINY), "--cues", "cues.txt"], b"Hello.", 2),
    (["-m", str(TINY), "--summary", "-"], b"Hello.", 2),
    (["-m", str(TINY), "--device", "tpu"], b"Hello.", 4),
    (["-m", str(TINY)], b"%PDF-1.4\n1 0 obj\n", 2),
]


@pytest.mark.slow
@pytest.mark.usefixtures("one_step")
@pytest.mark.parametrize(("arguments", "text", "status"), CASES)
def test_the_errors_and_the_status_are_those_of_the_run(
    vvcli: InProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    text: bytes,
    status: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.wav").mkdir()
    (tmp_path / "file").touch()
    ran = vvcli("speak", "-q", *arguments, stdin=text)
    dry = vvcli("speak", "-q", "--dry-run", *arguments, stdin=text)
    assert (dry.status, dry.stderr) == (ran.status, ran.stderr)
    assert ran.status == status


@pytest.mark.slow
@pytest.mark.parametrize("model", [str(TINY), "embedded"])
def test_nothing_is_loaded_and_nothing_written(tmp_path: Path, model: str) -> None:
    out, cues = tmp_path / "out.wav", tmp_path / "cues.srt"
    command = f"speak -m {model} -o {out} --cues {cues} --dry-run Hello."
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, json.dumps([command])],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    found, status, has_printed, *imported = json.loads(done.stdout)
    assert (found, status, has_printed) == (command, 0, True)
    assert not {"torch", "numpy"} & {*imported}
    assert list(tmp_path.iterdir()) == []
