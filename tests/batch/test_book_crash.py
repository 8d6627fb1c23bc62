"""A book whose making is killed at any moment, and finished by the same command."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests import warm
from tests.batch.fakes import PROGRAM
from tests.conftest import TINY
from tests.script.epubs import write_epub

RUNS = int(os.environ.get("VVCLI_CRASH_RUNS", "1"))

# Events of files that a run makes, a little over a hundred; the kills of a run are among them.
EVENTS = 130


def make(folder: Path, name: str, kill_at: int | None = None) -> int:
    options = ["-q", "-d", "out", "-m", str(TINY), "-V", "Ada", "--book", name]
    command = [sys.executable, "-c", PROGRAM, "batch", "moby.epub", *options]
    environment = os.environ | {"VVCLI_TEST_FAKE": "0.0002"}
    if kill_at is not None:
        environment |= {"VVCLI_TEST_KILL_AT": str(kill_at), "VVCLI_TEST_KILL_IN": str(folder)}
    done = warm.run(command, cwd=folder, env=environment, capture_output=True, timeout=120)
    assert done.stderr == b""
    return done.returncode


def content(path: Path) -> bytes:
    """The bytes of the file; of Opus, whose stream has a number by chance, those of its audio."""
    if path.suffix != ".opus":
        return path.read_bytes()
    soundfile = import_module("soundfile")

    return bytes(soundfile.read(path, dtype="int16")[0].tobytes())


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["mp3", "flac", "opus"])
def test_killed_three_times_it_ends_the_same(tmp_path: Path, suffix: str) -> None:
    chance = random.Random(suffix)  # noqa: S311 - repeatable, not secret
    name = f"b.{suffix}"
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for folder in (whole, broken):
        folder.mkdir()
        write_epub(folder / "moby.epub", chapters=3)
    assert make(whole, name) == 0
    for _ in range(RUNS):
        struck = 0
        for _ in range(3):
            returned = make(broken, name, chance.randrange(1, EVENTS))
            assert returned in (0, -signal.SIGKILL)
            struck += returned != 0
            if (broken / "out" / name).exists():  # what has its name is whole
                assert content(broken / "out" / name) == content(whole / "out" / name)
        assert struck
        assert make(broken, name) == 0
        for each in (name, f"{name}.chapters.json"):
            assert content(broken / "out" / each) == content(whole / "out" / each)
        names = {path.name for path in (broken / "out").iterdir()}
        assert names == {name, f"{name}.chapters.json", "manifest.jsonl"}
        [entry] = map(json.loads, (broken / "out/manifest.jsonl").read_text().splitlines())
        assert entry["status"] == "ok"
        for path in (broken / "out").iterdir():
            path.unlink()
        (broken / "out").rmdir()
