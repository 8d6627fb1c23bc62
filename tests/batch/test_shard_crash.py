"""Shares made at once by real processes, killed and finished: the files of one run."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.batch.fakes import files
from tests.batch.test_crash import FAKE, PATIENCE, RECORDS, Kind, finish, start
from vvcli.batch.manifest import FILE_NAME, read_entries
from vvcli.batch.shards import Shard

COUNT = 3


def begin(script: Path, out: Path, number: int) -> subprocess.Popen[bytes]:
    return start(script, out, FAKE, "--shard", f"{number}/{COUNT}")


def audio(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in files(folder).items() if name.endswith(".wav")}


def entries(out: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in out.glob("manifest*.jsonl"))


@pytest.mark.slow
@pytest.mark.parametrize("last", ["shards", "whole", "other shards"])
def test_three_at_once_killed_and_finished(tmp_path: Path, last: str) -> None:
    chance = random.Random(last)  # noqa: S311 - repeatable, not secret
    script, out = tmp_path / "script.txt", tmp_path / "out"
    script.write_text("\n".join(f"Hello {i}." for i in range(RECORDS)))
    finish(script, tmp_path / "whole", FAKE)
    whole = audio(tmp_path / "whole")
    running = [begin(script, out, number) for number in range(1, COUNT + 1)]
    give_up = time.monotonic() + PATIENCE
    after = chance.randrange(RECORDS // 2)
    while entries(out) < after:
        assert time.monotonic() < give_up
        time.sleep(0.0005)
    for process in running:
        process.kill()
        process.communicate()
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.wav")}
    assert all(whole[path.name] == path.read_bytes() for path in before)
    if last == "whole":
        finish(script, out, FAKE)
    else:
        count = COUNT if last == "shards" else 2
        again = [start(script, out, FAKE, "--shard", f"{n}/{count}") for n in range(1, count + 1)]
        for process in again:
            _, errors = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, errors
    assert audio(out) == whole
    assert all(path.stat().st_mtime_ns == made for path, made in before.items())
    manifests = {FILE_NAME} | {Shard(n, COUNT).manifest for n in range(1, COUNT + 1)}
    manifests |= {Shard(n, 2).manifest for n in (1, 2)}
    assert {path.name for path in out.iterdir() if path.suffix != ".wav"} <= manifests
    lines = [line for path in out.glob("manifest*") for line in path.read_bytes().splitlines()]
    known = [each for each in map(json_or_none, lines) if each is not None]
    # Not one was made twice; a torn line of a killed run stays where nobody writes any more.
    assert sorted(entry["index"] for entry in known) == [*range(RECORDS)]
    assert len(read_entries(out)) == RECORDS


def json_or_none(line: bytes) -> dict[str, int] | None:
    try:
        return dict(json.loads(line))
    except ValueError:
        return None


@pytest.mark.slow
def test_a_whole_run_waits_for_its_shards(tmp_path: Path) -> None:
    script, out = tmp_path / "script.txt", tmp_path / "out"
    script.write_text("Hello.\n" * 2000)
    slow: Kind = (FAKE[0], {"VVCLI_TEST_FAKE": "1"}, FAKE[2])  # it is not done before it is stopped
    with start(script, out, slow, "--shard", f"1/{COUNT}") as process:
        give_up = time.monotonic() + PATIENCE
        while not entries(out):
            assert time.monotonic() < give_up
            time.sleep(0.0005)
        process.send_signal(signal.SIGSTOP)  # it is never done
        for shard in ([], ["--shard", "1/3"], ["--shard", "1/2"]):
            with start(script, out, FAKE, *shard) as other:
                _, errors = other.communicate(timeout=PATIENCE)
            assert (other.returncode, errors.count(b"\n")) == (2, 1)
            assert b"another vvcli is writing to" in errors
        process.kill()
