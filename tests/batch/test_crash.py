"""Killed at any moment, finished by the same command: real processes, SIGKILL, nothing lost.

VVCLI_CRASH_RUNS=50 is the long version.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import wave
from collections import Counter
from pathlib import Path

import pytest

from tests import warm
from tests.batch.fakes import files
from tests.conftest import TINY, InProcess

RUNS = int(os.environ.get("VVCLI_CRASH_RUNS", "0"))
RECORDS = 200
PATIENCE = 120

Kind = tuple[str, dict[str, str], str]
FAKE: Kind = ("fake", {"VVCLI_TEST_FAKE": "0.0002"}, "wav")
THREADS: Kind = ("fake", {"VVCLI_TEST_FAKE": "0.0002"}, "flac")  # which threads encode
REAL: Kind = ("real", {}, "wav")


def arguments(script: Path, out: Path, kind: Kind) -> list[str]:
    options = ["-q", "-d", str(out), "-m", str(TINY), "-V", "Ada", "--name", "{n:03d}"]
    options += ["-f", kind[2]]
    options.append("--deterministic")  # what is spoken together depends on where it was killed
    return ["batch", str(script), *options]


def start(script: Path, out: Path, kind: Kind, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.batch.process", *arguments(script, out, kind), *more]
    return warm.Popen(command, env=os.environ | kind[1], stderr=subprocess.PIPE)


def finish(script: Path, out: Path, kind: Kind) -> None:
    """Run to the end."""
    with start(script, out, kind) as process:
        assert process.stderr
        errors = process.stderr.read()
        assert process.wait(PATIENCE) == 0, errors


def kill_once(script: Path, out: Path, kind: Kind, entries: int, delay: float) -> None:
    """Kill it `delay` seconds after the manifest has so many entries, wherever it is then."""
    manifest = out / "manifest.jsonl"
    give_up = time.monotonic() + PATIENCE
    with start(script, out, kind) as process:
        while not manifest.exists() or manifest.read_bytes().count(b"\n") < entries:
            assert time.monotonic() < give_up
            time.sleep(0.0005)
        time.sleep(delay)
        process.kill()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "runs"),
    [(FAKE, RUNS or 3), (THREADS, RUNS or 3), (REAL, RUNS or 1)],
    ids=["fake", "threads", "real"],
)
def test_killed_and_finished(tmp_path: Path, vvcli: InProcess, kind: Kind, runs: int) -> None:
    chance = random.Random(runs)  # noqa: S311 - repeatable, not secret
    script = tmp_path / "script.txt"
    count = 20 if kind is REAL and not RUNS else RECORDS
    texts = [f"{chance.choice(('Yes', 'No', 'Hello there'))} {i}." for i in range(count)]
    script.write_text("\n".join(texts))
    if kind is not REAL:
        finish(script, tmp_path / "whole", kind)
    else:  # nobody kills this one
        assert vvcli(*arguments(script, tmp_path / "whole", kind)).status == 0
    whole = files(tmp_path / "whole")
    assert len(whole) == count
    seen = Counter[str]()
    for run in range(runs):
        out = tmp_path / f"out{run}"
        # Each kill of a run comes later in the work than the one before.
        kills = chance.choice((1, 1, 1, 2))
        for after_entries in sorted(chance.randrange(count) for _ in range(kills)):
            kill_once(script, out, kind, after_entries, chance.uniform(0, 0.01))
            seen.update(check_killed(out, whole))
        before = {path: path.stat() for path in out.glob(f"*.{kind[2]}")}
        finish(script, out, kind)
        for path, status in before.items():  # the very same files
            after = path.stat()
            assert (after.st_ino, after.st_mtime_ns) == (status.st_ino, status.st_mtime_ns)
        assert files(out) == whole
        entries = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
        # Not one was made twice: an entry is written each time.
        assert sorted(entry["index"] for entry in entries) == list(range(count))
        assert {entry["status"] for entry in entries} == {"ok"}
    print(f"{kind[0]}: {runs} runs, {dict(seen)}")  # noqa: T201


def check_killed(out: Path, whole: dict[str, bytes]) -> Counter[str]:
    """What has its final name is whole; says in what states the kills left things."""
    lines = (out / "manifest.jsonl").read_bytes().split(b"\n")
    entries = {entry["audio_filepath"]: entry for entry in map(json.loads, lines[:-1])}
    found = files(out)
    named = {name: data for name, data in found.items() if not name.endswith(".part")}
    for name, data in named.items():
        assert data == whole[name]
        if name.endswith(".wav"):
            with wave.open(str(out / name)) as file:
                length = file.getnframes()
                assert length == entries[name]["samples"]
                assert len(file.readframes(length)) == 2 * length
    return Counter(
        kills=1,
        files=len(named),
        torn=bool(lines[-1]),
        parts=len(found) - len(named),
        entry_without_file=len(entries.keys() - named.keys()),
        nothing_made=not named,
        all_made=len(named) == len(whole),
    )
