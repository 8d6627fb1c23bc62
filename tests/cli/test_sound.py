"""`--speed`, `--loudness`, `--retry`, `--cue-by` and `--play` of `speak` and `batch`."""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests import warm
from tests.conftest import TINY, InProcess, Result
from tests.fleet.processes import wait_until_gone
from vvcli.speech.faults import Fault, Verdict

soundfile = pytest.importorskip("soundfile")

TEXT = "Good morning. It is late, Mr. Smith! Go on."


def samples(pcm: bytes) -> int:
    return len(pcm) // 2


def batch(vvcli: InProcess, folder: Path, *arguments: str | Path) -> Result:
    (folder / "a.txt").write_text("Go on.\n")
    model = ("-m", TINY, "-V", "Ada", "--name", "{n}")
    return vvcli("batch", "-q", folder / "a.txt", "-d", folder / "out", *model, *arguments)


def entries(folder: Path) -> list[dict[str, object]]:
    lines = (folder / "out" / "manifest.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.slow
def test_speed_and_its_record(speak: InProcess) -> None:
    plain = samples(speak("Go on.").stdout)
    assert samples(speak("--speed", "2", "Go on.").stdout) == round(plain / 2)
    own = b'{"text": "Go on.", "speed": 0.5}\n'
    assert samples(speak("--speed", "2", "--jsonl", stdin=own).stdout) == 2 * plain


def test_a_speed_that_is_none(speak: InProcess) -> None:
    for speed in ("0.4", "2.1", "nan", "fast"):
        result = speak("--speed", speed, "Go on.")
        assert result.status == 2
        assert "is not a number from 0.5 to 2" in result.error
    result = speak("--jsonl", stdin=b'{"text": "Go on.", "speed": 3}\n')
    assert result.status == 1
    assert 'stdin:1: "speed" is not a number from 0.5 to 2' in result.stderr


def test_a_dry_run_tells_the_speed_of_a_record(
    speak: InProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    line = b'{"text": "Go on.", "speed": 1.5}\n'
    assert speak("--dry-run", "--jsonl", stdin=line).status == 0
    assert json.loads(capsys.readouterr().out)["speed"] == 1.5


@pytest.mark.slow
def test_the_speed_is_in_the_fingerprint_where_it_is_not_one(
    vvcli: InProcess, tmp_path: Path
) -> None:
    assert batch(vvcli, tmp_path).status == 0
    assert batch(vvcli, tmp_path, "--speed", "1").status == 0
    assert len(entries(tmp_path)) == 1
    assert batch(vvcli, tmp_path, "--speed", "1.5").status == 2
    assert batch(vvcli, tmp_path, "--speed", "1.5", "--existing", "update").status == 0
    plain, fast = entries(tmp_path)
    assert plain["fingerprint"] != fast["fingerprint"]
    assert fast["samples"] == round(int(str(plain["samples"])) / 1.5)
    assert "loudness" not in fast
    assert "retried" not in fast


@pytest.mark.slow
def test_loudness_of_a_file(speak: InProcess, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    for loudness in ("-40", "-23"):
        assert speak("--loudness", loudness, "-o", path, "Go on.").status == 0
    loud, _ = soundfile.read(path)
    assert speak("--loudness", "-43", "-r", "48000", "-o", path, "Go on.").status == 0
    soft, rate = soundfile.read(path)
    assert (len(soft), rate) == (2 * len(loud), 48_000)
    ratio = np.sqrt(np.mean(loud**2) / np.mean(soft**2))
    assert 20 * np.log10(ratio) == pytest.approx(20, abs=0.5)
    assert {each.name for each in tmp_path.iterdir()} == {"a.wav", "stdin", "stdout"}


def test_a_file_whose_peak_would_be_too_high_is_named(vvcli: InProcess, tmp_path: Path) -> None:
    where = ("-m", TINY, "-V", "Ada", "-o", tmp_path / "a.wav")
    result = vvcli("speak", "--progress", "plain", "--loudness", "-5", *where, "Go on.")
    assert result.status == 0
    assert f"{tmp_path}/a.wav is at -" in result.stderr
    assert "LUFS, not -5: louder, its true peak would pass -1 dBFS" in result.stderr


@pytest.mark.parametrize("output", [[], ["-o", "-"], ["-o", "/dev/null"], ["-o", "/dev/stdout"]])
def test_loudness_is_not_for_pipes(speak: InProcess, output: list[str]) -> None:
    result = speak("--loudness", "-16", *output, "Go on.")
    assert result.status == 2
    assert result.error.startswith("--loudness is that of a whole file")


def test_loudness_of_a_batch(vvcli: InProcess, tmp_path: Path) -> None:
    assert batch(vvcli, tmp_path, "--loudness", "-30").status == 0
    [entry] = entries(tmp_path)
    assert entry["loudness"] == pytest.approx(-30, abs=0.05)
    assert batch(vvcli, tmp_path, "--loudness", "-30").status == 0
    assert len(entries(tmp_path)) == 1
    assert batch(vvcli, tmp_path).status == 2
    assert {each.name for each in (tmp_path / "out").iterdir()} == {"1.wav", "manifest.jsonl"}


def test_retry_keeps_the_best_and_the_manifest_says_so(
    vvcli: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    badness = itertools.cycle([3.0, 1.0, 2.0])
    monkeypatch.setattr(
        "vvcli.speech.retry.judge", lambda *_: Verdict(Fault.CLIPPED, next(badness))
    )
    result = batch(vvcli, tmp_path, "--retry", "2", "--summary", tmp_path / "s.json")
    assert result.status == 0
    [entry] = entries(tmp_path)
    assert entry["seed"] == 0
    assert entry["retried"] == [
        {
            **{"index": 0, "part": 0, "seed": 1, "takes": 3},
            **{"fault": "is clipped", "remaining": "is clipped"},
        }
    ]
    figures = json.loads((tmp_path / "s.json").read_text())
    assert (figures["retried"], figures["still_broken"]) == (1, 1)
    assert batch(vvcli, tmp_path, "--seed", "0").status == 0  # it is what this command makes
    assert len(entries(tmp_path)) == 1


def test_retry_is_not_for_text_that_flows(speak: InProcess) -> None:
    result = speak("--retry", "1", "--follow", stdin=b"Go on.\n")
    assert result.status == 2
    assert result.error.startswith("--retry holds each record until it is judged")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jsonl", "srt", "vtt"])
def test_cues_of_sentences_cover_the_audio(speak: InProcess, tmp_path: Path, kind: str) -> None:
    cues = tmp_path / f"cues.{kind}"
    lines = f"{TEXT}\nYes. No.\n".encode()
    result = speak("--cues", cues, "--cue-by", "sentence", "--gap", "0", stdin=lines)
    assert result.status == 0
    if kind != "jsonl":
        assert cues.read_text().count(" --> ") == 5
        assert "Mr. Smith!\n\n" in cues.read_text()
        return
    found = [json.loads(line) for line in cues.read_text().splitlines()]
    assert [(cue["index"], cue["sentence"]) for cue in found] == [
        *((0, 0), (0, 1), (0, 2)),
        *((1, 0), (1, 1)),
    ]
    starts = [cue["start_sample"] for cue in found]
    ends = [cue["end_sample"] for cue in found]
    assert starts == [0, *ends[:-1]]
    assert ends[-1] == samples(result.stdout)


def test_cue_by_needs_cues(speak: InProcess) -> None:
    result = speak("--cue-by", "sentence", "Go on.")
    assert (result.status, result.error) == (
        2,
        "--cue-by sentence says which cues there are: add --cues FILE",
    )


PLAYER = """#!{python}
import os, sys, time
print(" ".join(sys.argv[1:]), file=open("{folder}/arguments", "w"))
print(os.getpid(), file=open("{folder}/pid", "w"), flush=True)
{body}
"""


def fake_player(folder: Path, body: str, name: str = "aplay") -> dict[str, str]:
    """The environment in which `name`, which does as `body` says, is the only player."""
    program = folder / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(PLAYER.format(python=sys.executable, folder=folder, body=body))
    program.chmod(0o755)
    return {"PATH": str(program.parent), "OMP_NUM_THREADS": "1"}


HEAR = "open('{folder}/heard', 'wb').write(sys.stdin.buffer.read())"


def play(
    monkeypatch: pytest.MonkeyPatch,
    speak: InProcess,
    environment: dict[str, str],
    *more: str | Path,
) -> Result:
    monkeypatch.setenv("PATH", environment["PATH"])
    return speak("--play", *more, "Go on.")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pw-play", "paplay", "aplay", "ffplay"])
def test_what_is_played_is_what_is_spoken(
    speak: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    pcm = speak("Go on.").stdout
    environment = fake_player(tmp_path, HEAR.format(folder=tmp_path), name)
    result = play(monkeypatch, speak, environment, "-o", tmp_path / "a.wav")
    assert (result.status, result.stdout) == (0, b"")
    assert (tmp_path / "heard").read_bytes() == pcm
    written, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert written.tobytes() == pcm
    arguments = (tmp_path / "arguments").read_text()
    assert "24000" in arguments
    assert "16" in arguments


@pytest.mark.slow
def test_only_played_or_written_to_standard_output_as_well(
    speak: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = fake_player(tmp_path, HEAR.format(folder=tmp_path))
    result = play(monkeypatch, speak, environment, "-r", "48000")
    assert (result.status, result.stdout) == (0, b"")
    at_48 = (tmp_path / "heard").read_bytes()
    assert "48000" in (tmp_path / "arguments").read_text()
    result = play(monkeypatch, speak, environment, "-o", "-")
    assert result.stdout == (tmp_path / "heard").read_bytes()
    assert len(at_48) == 2 * len(result.stdout)


def test_no_player_and_one_that_fails(
    speak: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = fake_player(tmp_path, "sys.exit('no sound card')")
    result = play(monkeypatch, speak, environment)
    assert (result.status, result.error) == (4, "aplay cannot play the audio: no sound card")
    (tmp_path / "bin" / "aplay").unlink()
    for more in ([], ["--dry-run"]):
        result = play(monkeypatch, speak, environment, *more)
        assert result.status == 4
        assert result.error.startswith("nothing here plays audio: install one of pw-play, paplay")
    result = play(monkeypatch, speak, environment, "-f", "wav")
    assert (result.status, "add -o" in result.error) == (2, True)


def test_a_player_that_fails_with_status_0(
    speak: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "No more combinations to try, audio open failed"
    environment = fake_player(tmp_path, f"sys.stderr.write('ALSA\\n{said}\\n')", "ffplay")
    result = play(monkeypatch, speak, environment)
    assert (result.status, result.error) == (4, f"ffplay cannot play the audio: {said}")


@pytest.mark.slow
def test_interrupting_silences_the_player_at_once(tmp_path: Path) -> None:
    environment = fake_player(tmp_path, "sys.stdin.buffer.read(1); time.sleep(600)")
    command = [sys.executable, "-m", "vvcli", "speak", "-q", "--play", "-m", str(TINY), "Go on."]
    with warm.Popen(command, env=os.environ | environment) as running:
        try:
            wait_for(tmp_path / "pid")
            player = int((tmp_path / "pid").read_text())
            time.sleep(0.5)
            running.send_signal(signal.SIGINT)
            assert running.wait(60) == -signal.SIGINT
            wait_until_gone([player])
        finally:
            running.kill()


def wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists() and path.read_text().endswith("\n"):
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} does not appear")
