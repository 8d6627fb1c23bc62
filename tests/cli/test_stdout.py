"""What a command prints must arrive: standard output that is closed or full is an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.cli.test_errors import shell
from tests.conftest import TINY

slow = pytest.mark.slow

PRINTING = [
    "--help",
    "--version",
    "speak --help",
    "bench --help",
    "speak -m TINY --dry-run Hello.",
    "batch {folder}/a.txt -d {folder}/out -m TINY --dry-run",
    "voices list -m TINY",
    "voices list -m TINY --json",
    "models list",
    "models path embedded",
    "format",
    "format --json",
    "format --ffmpeg",
    "completion bash",
    pytest.param("speak -q -m TINY -o {folder}/a.wav --summary - Hello.", marks=slow),
    pytest.param("batch -q {folder}/a.txt -d {folder}/out -m TINY --summary -", marks=slow),
    pytest.param("check -m TINY", marks=slow),
    pytest.param("bench --shape tiny --streams 1 --frames 1 --device cpu", marks=slow),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("is_closed", "reason"),
    [(True, "it is closed"), (False, "No space left on device")],
)
@pytest.mark.parametrize("command", PRINTING)
def test_what_cannot_be_printed_is_an_error(
    tmp_path: Path, command: str, is_closed: bool, reason: str
) -> None:
    """As after `>&-` and `>/dev/full`."""
    (tmp_path / "a.txt").write_text("Hello.\n", encoding="utf-8")
    words = command.format(folder=tmp_path).replace("TINY", str(TINY)).split()
    with Path("/dev/full").open("wb") as full:
        done = warm.run(
            [sys.executable, "-m", "vvcli", *words],
            input=b"Hello there.\n",
            stdout=full,
            stderr=subprocess.PIPE,
            closed=[1] if is_closed else [],
            timeout=100,
        )
    said = done.stderr.decode()
    assert done.returncode == 5, said
    assert said.splitlines()[-1] == f"vvcli: cannot write to standard output: {reason}"
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_a_descriptor_that_can_only_be_read_is_no_output() -> None:
    result = shell("vvcli voices list -m TINY 1</dev/null")
    assert result.status == 5
    assert "cannot write to standard output: Bad file descriptor" in result.error


@pytest.mark.slow
def test_who_prints_nothing_needs_no_output(tmp_path: Path) -> None:
    out = tmp_path / "ada.safetensors"
    voice = TINY / "voices" / "tiny-Ada_woman.pt"
    command = [sys.executable, "-m", "vvcli", "voices", "convert", str(voice), str(out)]
    done = warm.run(command, stderr=subprocess.PIPE, closed=[1], timeout=100)
    assert (done.returncode, done.stderr) == (0, b"")
    assert out.exists()
