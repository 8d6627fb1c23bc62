"""`vvcli batch` with the tiny model, in process but for what only a shell sees."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
import wave
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import warm
from tests.batch.fakes import files
from tests.conftest import TINY, InProcess, Result
from vvcli.audio.pcm import S16LE
from vvcli.batch.staging import StagedFile
from vvcli.errors import OutputError
from vvcli.samples import count_clipped

pytestmark = pytest.mark.usefixtures("one_step")

SCRIPT = "Hello there.\nYes.\n\nNo, thanks.\n"
ENTRIES = "manifest.jsonl"

Batch = Callable[..., Result]


@pytest.fixture
def batch(vvcli: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Batch:
    """`vvcli batch` into `out`, with the tiny model and Ada, saying only what goes wrong.

    Always the same bits: which records are spoken together differs from run to run.
    """
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text(SCRIPT)

    def call(*arguments: str, stdin: bytes = b"", voice: str = "Ada", out: str = "out") -> Result:
        given = ("-q", "-d", out, "-m", str(TINY), "-V", voice, "--deterministic", *arguments)
        return vvcli("batch", *given, stdin=stdin)

    return call


def entries(out: str = "out") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(out, ENTRIES).read_text().splitlines()]


def samples(path: str | Path) -> bytes:
    with wave.open(str(path)) as file:
        return file.readframes(file.getnframes())


@pytest.mark.slow
@pytest.mark.numeric
def test_each_record_sounds_as_it_does_when_spoken(batch: Batch, speak: InProcess) -> None:
    result = batch("a.txt")
    assert (result.status, result.stdout, result.stderr) == (0, b"", "")
    assert sorted(files(Path("out"))) == [f"a/0000{n}.wav" for n in (1, 2, 4)]
    spoken = speak("--deterministic", "--gap", "0", stdin=SCRIPT.encode()).stdout
    assert b"".join(samples(f"out/a/0000{n}.wav") for n in (1, 2, 4)) == spoken
    assert [(entry["index"], entry["status"]) for entry in entries()] == [
        *((2, "skipped"), (0, "ok"), (1, "ok"), (3, "ok"))
    ]
    assert {entry["voice"] for entry in entries()} == {"tiny-Ada_woman"}


@pytest.mark.slow
@pytest.mark.numeric
def test_joined_it_sounds_as_speak_does(batch: Batch, speak: InProcess) -> None:
    assert batch("a.txt", "--join", "--gap", "0.5").status == 0
    spoken = speak("--deterministic", "--gap", "0.5", stdin=SCRIPT.encode()).stdout
    assert samples("out/a.wav") == spoken
    [entry] = entries()
    assert entry["text"] == "Hello there.\nYes.\nNo, thanks."
    assert entry["samples"] == len(samples("out/a.wav")) // 2


@pytest.mark.slow
@pytest.mark.numeric
def test_resumed_it_is_what_it_would_have_been(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.txt").write_text("".join(f"Line {i}.\n" for i in range(12)))
    assert batch("a.txt", out="whole").status == 0
    publish, left = StagedFile.publish, 4

    def stopping(self: StagedFile) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise OutputError("it stops")
        publish(self)

    with monkeypatch.context() as patch:
        patch.setattr(StagedFile, "publish", stopping)
        assert batch("a.txt").status == 5
    assert len([name for name in files(Path("out")) if name.endswith(".wav")]) == 3
    assert batch("a.txt").status == 0
    assert files(Path("out")) == files(Path("whole"))
    assert len(entries()) == 12


def test_nothing_left_to_do_loads_no_model(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    assert batch("a.txt").status == 0
    monkeypatch.setitem(sys.modules, "vvcli.synthesizer", None)
    assert batch("a.txt").status == 0


@pytest.mark.slow
def test_a_bad_record_in_the_middle(batch: Batch) -> None:
    Path("a.txt").write_bytes(b"Yes.\nb\xff\nNo.\n")
    result = batch("a.txt")
    assert result.status == 3
    assert "a.txt:2: byte 2 (0xff) is not UTF-8" in result.error
    assert sorted(files(Path("out"))) == ["a/00001.wav", "a/00003.wav"]
    assert [entry["status"] for entry in entries()] == ["ok", "failed", "ok"]
    assert batch("a.txt").status == 3
    assert len(entries()) == 3
    assert batch("a.txt", "--retry-failed").status == 3
    assert [entry["index"] for entry in entries()] == [0, 1, 2, 1]
    Path("a.txt").write_bytes(b"Yes.\nAnd so.\nNo.\n")
    assert batch("a.txt").status == 0


def test_fail_fast_stops_at_the_first(batch: Batch) -> None:
    Path("a.txt").write_bytes(b"Yes.\nb\xff\nNo.\n")
    assert batch("a.txt", "--fail-fast").status == 3
    assert sorted(files(Path("out"))) == ["a/00001.wav"]
    assert len(entries()) == 2


@pytest.mark.slow
def test_fail_fast_counts_what_workers_had_all_but_done(batch: Batch) -> None:
    """Their files are there, with entries, although the run was stopped before them."""
    Path("a.txt").write_bytes(b"b\xff\n" + b"Yes.\n" * 30)
    options = ["--workers", "2", "-j", "4", "--fail-fast", "--summary", "summary.json"]
    assert batch("a.txt", *options).status == 3
    found = json.loads(Path("summary.json").read_text())["files"]
    done = Counter(entry["status"] for entry in entries())
    assert (found["ok"], found["failed"]) == (done["ok"], done["failed"])
    assert found["missing"] == 31 - done.total()


@pytest.mark.slow
def test_workers_write_files_as_one_process_does(batch: Batch) -> None:
    """Whatever is asked for of a file, each of the workers is told."""
    Path("words.tsv").write_text("there\tyonder\n")
    asked = [
        *("-f", "flac", "-r", "22050", "--loudness", "-23", "--speed", "1.5", "--seed", "3"),
        *("--cfg-scale", "1.2", "--lexicon", "words.tsv", "--name", "{n}-{voice}"),
    ]
    assert batch("a.txt", *asked).status == 0
    assert batch("a.txt", *asked, "--workers", "2", out="many").status == 0
    assert files(Path("many")) == files(Path("out"))
    told = ("loudness", "samples", "sha256", "seed", "spoken", "fingerprint")

    def facts(out: str) -> list[tuple[Any, ...]]:
        made = sorted(entries(out), key=lambda entry: entry["index"])
        return [tuple(entry.get(name) for name in told) for entry in made]

    assert facts("many") == facts("out")
    assert all(entry["loudness"] is not None for entry in entries("many") if entry["samples"])


@pytest.mark.slow
@pytest.mark.numeric
@pytest.mark.usefixtures("loud")
def test_what_is_beyond_full_scale_is_cut_off_and_counted_once(
    batch: Batch, speak: InProcess
) -> None:
    assert batch("a.txt", "--summary", "summary.json").status == 0
    floats = ("--deterministic", "-f", "f32le", "--gap", "0")
    exact = np.frombuffer(speak(*floats, stdin=SCRIPT.encode()).stdout, "<f4")
    found = b"".join(samples(f"out/a/0000{n}.wav") for n in (1, 2, 4))
    assert found == S16LE.encode(exact)
    clipped = json.loads(Path("summary.json").read_text())["clipped"]
    assert clipped == count_clipped(exact) > 0


@pytest.mark.slow
def test_a_summary_counts_all_files(batch: Batch) -> None:
    Path("a.txt").write_bytes(b"Yes.\nb\xff\nNo.\n")
    none = {"truncated": 0, "kept": 0, "missing": 0, "unchanged": 0}
    summary = ["--summary", "summary.json", "--fail-fast"]
    assert batch("a.txt", *summary).status == 3
    found = json.loads(Path("summary.json").read_text())
    assert found["files"] == none | {"ok": 1, "failed": 1, "missing": 1}
    assert batch("a.txt", *summary).status == 3
    found = json.loads(Path("summary.json").read_text())
    assert found["files"] == none | {"ok": 2, "failed": 1, "unchanged": 1}
    assert found["records"] == 1


def test_only_bad_records(batch: Batch) -> None:
    assert batch("-", stdin=b"\xff\n").status == 1
    assert batch("-", stdin=b"\xff\n").status == 1
    assert files(Path("out")) == {}


def test_no_text(batch: Batch) -> None:
    result = batch("-", stdin=b"\n \n")
    assert (result.status, result.error) == (1, "nothing to speak: the input held no text")
    assert not Path("out").exists()


@pytest.mark.slow
@pytest.mark.numeric
def test_a_manifest_of_voices_seeds_and_outputs(batch: Batch, speak: InProcess) -> None:
    lines = [
        {"text": "Yes.", "id": "u/1"},
        {"text": "Yes.", "id": "u/2", "voice": "Ben", "seed": 7},
        {"text": "Yes.", "id": "u/3", "voice": "Nobody"},
        {"text": "Yes.", "id": "u/4", "output": "deep/er/x.wav", "silence_after": 0.5},
    ]
    Path("list.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = batch("list.jsonl", "--name", "{id}-{voice}")
    assert result.status == 3
    assert "there is no voice 'Nobody'" in result.error
    found = files(Path("out"))
    assert sorted(found) == ["deep/er/x.wav", "u/1-tiny-Ada_woman.wav", "u/2-tiny-Ben_man.wav"]
    ben = speak("--deterministic", "--seed", "7", "Yes.", voice="Ben").stdout
    assert samples("out/u/2-tiny-Ben_man.wav") == ben
    last = speak("--deterministic", stdin=b"\n\n\nYes.").stdout
    assert samples("out/deep/er/x.wav") == last + bytes(2 * 12000)
    assert [entry["id"] for entry in entries()] == ["u/1", "u/2", "u/3", "u/4"]
    assert [entry["seed"] for entry in entries()] == [0, 7, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.txt"], "cannot read missing.txt"),
        (["a.txt", "a.txt"], "a.txt:1 and a.txt:1 both make a/00001.wav"),
        (["a.txt", "--name", "x"], "a.txt:1 and a.txt:2 both make x.wav"),
        (["a.txt", "--name", "{n.real}"], "{n.real} is none of"),
        (["a.txt", "--name", "{id}"], "a.txt:1 has no id"),
        (["a.txt", "--name", "../{n}"], "a.txt:1: '../1.wav' has '..' in it"),
        (["a.txt", "--gap", "1"], "it needs --join"),
        (["-", "-"], "can be read only once"),
        (["a.txt", "-f", "mp3", "-r", "12345"], "12345 Hz"),
        (["a.txt", "-d", "a.txt"], "a.txt is not a folder"),
        ([], "INPUT"),
    ],
)
def test_usage(batch: Batch, arguments: list[str], words: str) -> None:
    result = batch(*arguments)
    assert result.status == 2
    assert words in result.error
    assert not Path("out").exists()


def test_a_name_that_no_file_may_have_says_what_to_do(batch: Batch) -> None:
    """Names are found wrong before anything is made, as collisions are."""
    Path("b\x1bx.txt").write_bytes(b"No.\n")
    result = batch("a.txt", "b\x1bx.txt")
    assert result.status == 2
    assert "has a control character (0x1b): rename it, or choose another --name" in result.error
    assert not Path("out").exists()
    assert batch("a.txt", "b\x1bx.txt", "--name", "{slug}-{n}").status == 0


def test_a_wrong_manifest(batch: Batch) -> None:
    Path("list.jsonl").write_text('{"text": "Yes."}\n{"text": "Yes.", "speaker": 1}\n')
    result = batch("list.jsonl")
    assert result.status == 2
    assert 'list.jsonl:2: unknown key "speaker"' in result.error


@pytest.mark.parametrize("arguments", [["-m", "/no"], ["-V", "Nobody"]])
def test_model_and_voice_are_looked_for_first(batch: Batch, arguments: list[str]) -> None:
    assert batch("a.txt", *arguments).status == 4
    assert not Path("out").exists()


@pytest.mark.slow
def test_existing_files(batch: Batch) -> None:
    assert batch("a.txt").status == 0
    old = files(Path("out"))
    result = batch("a.txt", "--seed", "1")
    assert result.status == 2
    assert "out/a/00001.wav (and 2 more) was made from another text, voice" in result.error
    assert "--existing update" in result.error
    assert batch("a.txt", "--seed", "1", "--existing", "skip").status == 0
    assert files(Path("out")) == old
    assert batch("a.txt", "--seed", "1", "--existing", "overwrite").status == 0
    assert all(data != old[name] for name, data in files(Path("out")).items())
    assert batch("a.txt", "--seed", "1").status == 0


@pytest.mark.parametrize(("name", "suffix"), [("s16le", "pcm"), ("f32le", "f32"), ("au", "au")])
def test_formats(batch: Batch, name: str, suffix: str) -> None:
    assert batch("-", "-f", name, stdin=b"Yes.").status == 0
    assert sorted(files(Path("out"))) == [f"stdin/00001.{suffix}"]
    assert batch("-", "-f", name, stdin=b"Yes.").status == 0
    assert len(entries()) == 1


def test_another_rate(batch: Batch) -> None:
    pytest.importorskip("soxr")
    assert batch("-", "-r", "48000", stdin=b"Yes.").status == 0
    [entry] = entries()
    with wave.open("out/stdin/00001.wav") as file:
        assert (file.getframerate(), file.getnframes()) == (48000, entry["samples"])
    assert entry["duration"] == entry["samples"] / 48000


def test_dry_run(batch: Batch, capsys: pytest.CaptureFixture[str]) -> None:
    assert batch("a.txt", "--dry-run").status == 0
    assert not Path("out").exists()
    assert capsys.readouterr().out.splitlines() == [
        "make\tout/a/00001.wav\tHello there.",
        "make\tout/a/00002.wav\tYes.",
        "make\tout/a/00004.wav\tNo, thanks.",
    ]
    assert batch("a.txt").status == 0
    Path("out/a/00002.wav").unlink()
    assert batch("a.txt", "--dry-run").status == 0
    kinds = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["done", "make", "done"]


def test_two_runs_do_not_mix(batch: Batch) -> None:
    from vvcli.batch.manifest import Manifest

    with Manifest(Path("out")):
        result = batch("a.txt")
    assert result.status == 2
    assert "another vvcli is writing to out" in result.error


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk takes root; test_runner.py has a pretended one")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk(batch: Batch, small_disk: Path) -> None:
    Path("a.txt").write_text("".join(f"Line {i}.\n" for i in range(14)))
    assert batch("a.txt", out="whole").status == 0
    whole = files(Path("whole"))
    result = batch("a.txt", out=str(small_disk))
    assert result.status == 5
    assert os.strerror(errno.ENOSPC) in result.error
    done = files(small_disk)
    assert 0 < len(done) < len(whole)
    assert done.items() <= whole.items()
    assert [entry["audio_filepath"] for entry in entries(str(small_disk))][: len(done)] == list(
        done
    )
    remount = ["mount", "-o", "remount,size=9m", str(small_disk)]
    subprocess.run(remount, check=True)
    times = {name: (small_disk / name).stat().st_mtime_ns for name in done}
    assert batch("a.txt", out=str(small_disk)).status == 0
    assert files(small_disk) == whole
    assert {name: (small_disk / name).stat().st_mtime_ns for name in done} == times


# --- as processes


COMMAND = [sys.executable, "-m", "tests.batch.process", "batch"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", ["wav", "flac"])  # which threads encode
def test_a_signal_ends_it_and_leaves_no_part(
    tmp_path: Path, number: signal.Signals, name: str
) -> None:
    (tmp_path / "a.txt").write_text(5000 * "Hello there.\n")
    out = tmp_path / "out"
    command = [*COMMAND, str(tmp_path / "a.txt"), "-q", "-d", str(out), "-m", str(TINY)]
    command += ["-f", name]
    environment = os.environ | {"VVCLI_TEST_FAKE": "0.02"}
    with warm.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not (out / f"a/00005.{name}").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        assert process.stderr
        assert process.stderr.read() == b""
        assert process.wait(60) == -number
    found = files(out)
    named = [path for path in found if path.endswith(f".{name}")]
    assert 5 <= len(named) < 5000
    # At most one, which is whole and waits for its name.
    assert len(found) - len(named) <= 1


@pytest.mark.slow
def test_a_plan_of_ten_thousand_lines_needs_no_torch(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"This is line {i}.\n" for i in range(10_000)))
    arguments = ["batch", "--dry-run", str(tmp_path / "a.txt"), "-d", "/nowhere", "-m", str(TINY)]
    code = (
        "import sys; from vvcli.cli import main;"
        "from vvcli.cli.environment import Environment;"
        f"status = main.run({arguments!r}, Environment.claim());"
        "sys.exit(status or 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 10_000
