"""The reference implementation's audio of a tiny random model, through the command line."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import TINY, InProcess, Process
from tests.rounding import assert_close

SAMPLES_PER_FRAME = 160
CASES: list[dict[str, Any]] = json.loads((TINY / "cases.json").read_text())
SCRIPT = CASES[5:9]  # the lines of one script
SCRIPT_TEXT = "".join(case["text"] + "\n" for case in SCRIPT).encode()

# In units of float32. Random weights make an ill-conditioned model: a pass is off by ten units or
# so, and a rounding error grows tenfold in a second of audio, of which the cases last three. In
# float64 only the reference rounds, and the tables that are float32 in every dtype; in float32 we
# do as well. On x86 CPUs of four kinds the cases come to 2,900 and to 7,600 units.
ROUNDINGS = {"float64": 10 * 10**3, "auto": 2 * 10 * 10**3}


def expected(case: dict[str, Any]) -> NDArray[np.float32]:
    with np.load(TINY / case["expected"]) as arrays:
        audio: NDArray[np.float32] = arrays["audio"]
    assert len(audio) == SAMPLES_PER_FRAME * case["frames"]
    return audio


def check(audio: bytes, cases: list[dict[str, Any]], roundings: float) -> None:
    samples = np.frombuffer(audio, "<f4")
    golden = np.concatenate([expected(case) for case in cases])
    assert_close(samples, golden, roundings=roundings)


def options(case: dict[str, Any], dtype: str) -> list[str]:
    return [
        *("-m", str(TINY), "-V", str(TINY / case["voice"]), "-f", "f32le", "--gap", "0"),
        *("--seed", str(case["seed"]), "--cfg-scale", str(case["cfg_scale"])),
        *("--steps", str(case["steps"]), "--dtype", dtype),
    ]


@pytest.mark.slow
@pytest.mark.numeric
@pytest.mark.parametrize("dtype", ROUNDINGS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_case(vvcli: InProcess, case: dict[str, Any], dtype: str) -> None:
    # Blank lines are counted and not spoken: they put the text at its place in the script.
    lines = "\n" * case["record_index"] + case["text"]
    result = vvcli("speak", *options(case, dtype), stdin=lines.encode())
    assert result.status == 0
    check(result.stdout, [case], ROUNDINGS[dtype])


@pytest.mark.slow
@pytest.mark.numeric
@pytest.mark.parametrize("dtype", ROUNDINGS)
@pytest.mark.parametrize("streams", [1, 2, 4, 8])
def test_a_script_is_its_lines_in_order(
    vvcli: InProcess, tmp_path: Path, streams: int, dtype: str
) -> None:
    (tmp_path / "script.txt").write_bytes(SCRIPT_TEXT)
    arguments = ["-j", str(streams), "-i", str(tmp_path / "script.txt")]
    result = vvcli("speak", *options(SCRIPT[0], dtype), *arguments)
    assert result.status == 0
    check(result.stdout, SCRIPT, ROUNDINGS[dtype])


@pytest.mark.slow
@pytest.mark.numeric
def test_a_script_through_a_real_process(process: Process) -> None:
    result = process("speak", *options(SCRIPT[0], "float64"), stdin=SCRIPT_TEXT)
    assert result.status == 0
    check(result.stdout, SCRIPT, ROUNDINGS["float64"])
    assert "4 records" in result.stderr


@pytest.mark.slow
@pytest.mark.numeric
def test_text_file_and_stdin_are_the_same(speak: InProcess, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Hello there.")
    from_text = speak("Hello", "there.", "--seed", "42")
    assert from_text.status == 0
    assert len(from_text.stdout) == 2 * len(expected(CASES[5]))
    assert speak("-i", tmp_path / "a.txt", "--seed", "42").stdout == from_text.stdout
    assert speak("--seed", "42", stdin=b"Hello there.").stdout == from_text.stdout
    assert speak("-i", "-", "--seed", "42", stdin=b"Hello there.").stdout == from_text.stdout


@pytest.mark.slow
@pytest.mark.numeric
def test_files_are_numbered_through(speak: InProcess, tmp_path: Path) -> None:
    same_bits = ("--deterministic", "--seed", "42")
    whole = speak(*same_bits, stdin=SCRIPT_TEXT)
    first, second, third, fourth = SCRIPT_TEXT.splitlines()
    (tmp_path / "a.txt").write_bytes(first + b"\n" + second)
    (tmp_path / "b.txt").write_bytes(fourth + b"\n")
    arguments = [tmp_path / "a.txt", "-i", "-", "-i", tmp_path / "b.txt"]
    parts = speak(*same_bits, "-i", *arguments, stdin=third)
    assert parts.stdout == whole.stdout
    assert len(whole.stdout) > 0


@pytest.mark.slow
@pytest.mark.numeric
def test_formats_hold_the_same_samples(speak: InProcess, tmp_path: Path) -> None:
    arguments = ["--seed", "42", "Hello there."]
    floats = np.frombuffer(speak("-f", "f32le", *arguments).stdout, "<f4")
    integers = np.frombuffer(speak(*arguments).stdout, "<i2")
    assert np.abs(floats).max() > 0.1
    assert np.array_equal(integers, np.rint(floats.clip(-1, 1) * 32767))

    assert speak("-o", tmp_path / "hello.wav", *arguments).status == 0
    with wave.open(str(tmp_path / "hello.wav")) as file:
        assert file.getparams()[:4] == (1, 2, 24000, len(integers))
        assert file.readframes(len(integers)) == integers.tobytes()


@pytest.mark.slow
@pytest.mark.numeric
def test_gap_is_silence_between_records_that_have_audio(speak: InProcess) -> None:
    lines = (b"\nHello there.\n\n\xff\nYes.\n\n", b"\nHello there.", b"\n\n\n\nYes.")
    script, first, second = (speak("--deterministic", "--gap", "0.5", stdin=line) for line in lines)
    assert first.stdout
    assert second.stdout
    assert script.stdout == first.stdout + bytes(2 * 12000) + second.stdout
