"""Workers killed at random while a command runs: the bytes and files are as undisturbed.

VVCLI_CRASH_RUNS=50 is the long version.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import warm
from tests.batch.fakes import files
from tests.conftest import TINY
from tests.fleet.processes import wait_until_gone

RUNS = int(os.environ.get("VVCLI_CRASH_RUNS", "0"))
WORKERS = 3
RECORDS = 24
LAST = 4  # records that are not there before a worker was killed
PATIENCE = 100

# Alike for one worker and for three: threads, and records spoken at the same time.
OPTIONS = ["-m", str(TINY), "-V", "Ada", "--deterministic", "--device", "cpu", "--steps", "1"]

NAMED = ["--name", "{n:03d}"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("deaths") / "script.txt"
    path.write_text("".join(f"This is number {number}.\n" for number in range(RECORDS)))
    return path


@pytest.fixture(scope="module")
def whole(script: Path) -> Path:
    """A folder with what one process makes, which nobody disturbs: `out.wav`, and files."""
    run(["speak", "-q", "-i", str(script), "-o", str(script.parent / "out.wav")])
    run(["batch", str(script), "-q", "-d", str(script.parent / "files"), *NAMED])
    return script.parent


def run(arguments: list[str]) -> None:
    warm.run([sys.executable, "-m", "vvcli", *arguments, *OPTIONS], check=True)


def workers_of(pid: int) -> list[int]:
    """The processes that speak for the command `pid`."""
    command = ["ps", "-ww", "--ppid", str(pid), "-o", "pid=,args="]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return [int(line.split()[0]) for line in lines.splitlines() if "vvcli.fleet.child" in line]


def disturbed(
    arguments: list[str],
    chance: random.Random,
    ready: Callable[[], int],
    text: str = "",
) -> tuple[set[int], str]:
    """Run the command to its end, and kill one or two of its workers on the way.

    `ready` is how much is done, of all records; the later kill comes while much is left, so that
    no record is alone with its worker both times. The last lines of `text`, which is for standard
    input, are written after the kills. Returns all workers there were, and stderr.
    """
    command = [sys.executable, "-m", "vvcli", *arguments, *OPTIONS, "--workers", str(WORKERS)]
    kills = sorted(chance.uniform(0, 0.6) for _ in range(chance.choice((1, 1, 2))))
    seen: set[int] = set()
    give_up = time.monotonic() + PATIENCE
    options: dict[str, Any] = dict.fromkeys(("stdin", "stderr"), subprocess.PIPE)
    lines = text.splitlines(keepends=True)
    with warm.Popen(command, **options, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stdin
        process.stdin.writelines(lines[:-LAST])
        process.stdin.flush()
        for share in kills:
            while ready() <= share * RECORDS and process.poll() is None:
                assert time.monotonic() < give_up
                time.sleep(0.001)
            found = workers_of(process.pid)
            seen.update(found)
            if found:
                time.sleep(chance.uniform(0, 0.02))
                os.kill(chance.choice(found), signal.SIGKILL)
        seen.update(workers_of(process.pid))
        process.stdin.writelines(lines[-LAST:])
        process.stdin.close()
        assert process.stderr
        errors = process.stderr.read()
        assert process.wait(PATIENCE) == 0, errors
    return seen, errors


@pytest.mark.parametrize("number", range(RUNS or 1))
def test_speak(tmp_path: Path, script: Path, whole: Path, number: int) -> None:
    chance = random.Random(number)  # noqa: S311 - repeatable, not secret
    out = tmp_path / "out.wav"
    size = (whole / "out.wav").stat().st_size

    def done() -> int:
        part = tmp_path / "out.wav.part"
        return part.stat().st_size * RECORDS // size if part.exists() else 0

    arguments = ["speak", "-q", "-o", str(out)]
    pids, errors = disturbed(arguments, chance, done, script.read_text())
    assert out.read_bytes() == (whole / "out.wav").read_bytes()
    assert "was killed by SIGKILL: it is started again" in errors
    wait_until_gone(list(pids))


@pytest.mark.parametrize("number", range(RUNS or 1))
def test_batch(tmp_path: Path, script: Path, whole: Path, number: int) -> None:
    chance = random.Random(1000 + number)  # noqa: S311
    out = tmp_path / "out"
    manifest = out / "manifest.jsonl"

    def done() -> int:
        return manifest.read_bytes().count(b"\n") if manifest.exists() else 0

    arguments = ["batch", str(script), "-q", "-d", str(out), *NAMED]
    pids, _ = disturbed(arguments, chance, done)
    wait_until_gone(list(pids))
    assert files(out) == files(whole / "files")  # and no `.part` is left
    entries = [json.loads(line) for line in manifest.read_text().splitlines()]
    assert sorted(entry["index"] for entry in entries) == list(range(RECORDS))
    assert {entry["status"] for entry in entries} == {"ok"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGPIPE])
def test_a_command_that_ends_takes_its_workers_along(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Whatever has its name then is whole, and has its entry."""
    script = tmp_path / "script.txt"
    script.write_text("Go on.\n" * 3000)  # it is not done before it ends
    out = tmp_path / "out"
    if number is signal.SIGPIPE:
        arguments = ["speak", "-q", "-i", str(script)]
    else:
        arguments = ["batch", str(script), "-q", "-d", str(out)]
    command = [sys.executable, "-m", "vvcli", *arguments, *OPTIONS, "--workers", "2"]
    with warm.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        if number is signal.SIGPIPE:
            assert process.stdout.read(1)
            pids = workers_of(process.pid)
            process.stdout.close()
        else:
            give_up = time.monotonic() + PATIENCE
            manifest = out / "manifest.jsonl"
            while not (manifest.exists() and manifest.stat().st_size):
                assert time.monotonic() < give_up
                time.sleep(0.005)
            pids = workers_of(process.pid)
            process.send_signal(number)
        assert len(pids) == 2
        assert process.wait(PATIENCE) == -number
        wait_until_gone(pids)
        assert process.stderr.read() == b""
    if number is signal.SIGINT:
        entries = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
        made = {entry["audio_filepath"] for entry in entries}
        # An entry comes first: a file that had no time to get its name is made by the next run.
        assert {str(path.relative_to(out)) for path in out.rglob("*.wav")} <= made
