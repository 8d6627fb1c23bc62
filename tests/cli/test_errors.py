"""What goes wrong is one sentence on stderr, and the right status."""

from __future__ import annotations

import gzip
import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.checkpoint.samples import voice_tensors, write_pt
from tests.conftest import TINY, InProcess, Process, Result
from vvcli.cli.environment import Environment
from vvcli.cli.exit_status import ExitStatus
from vvcli.cli.main import run
from vvcli.model.config import ModelConfig
from vvcli.synthesizer import Synthesizer

# --- model and voice: 4


def test_no_such_model(vvcli: InProcess) -> None:
    result = vvcli("speak", "-q", "-m", "/nowhere/model", "Hello.")
    assert result.status == 4
    assert "/nowhere/model" in result.error


def test_a_folder_without_config(vvcli: InProcess, tmp_path: Path) -> None:
    result = vvcli("speak", "-q", "-m", tmp_path, "Hello.")
    assert result.status == 4
    assert f"{tmp_path}" in result.error
    assert "config.json" in result.error


def test_an_unknown_voice(speak: InProcess) -> None:
    result = speak("Hello.", voice="Cleopatra")
    assert result.status == 4
    assert "'Cleopatra'" in result.error
    assert "tiny-Ada_woman" in result.error  # what there is


def test_a_voice_of_another_model(speak: InProcess, tmp_path: Path, wider: ModelConfig) -> None:
    write_pt(voice_tensors(wider), tmp_path / "wide.pt")
    result = speak("Hello.", voice=str(tmp_path / "wide.pt"))
    assert result.status == 4
    assert "wide.pt" in result.error


@pytest.fixture
def wider() -> ModelConfig:
    config = json.loads((TINY / "config.json").read_text())
    config["decoder_config"]["num_key_value_heads"] = 4
    return ModelConfig.from_dict(config)


def test_a_device_that_is_not_there(speak: InProcess) -> None:
    result = speak("--device", "cuda:99", "Hello.")
    assert result.status == 4
    assert "'cuda:99'" in result.error


# --- text: 1 and 3


@pytest.mark.parametrize("text", [b"", b"\n \n\t\r\n", b"\xef\xbb\xbf"])
def test_nothing_to_speak(speak: InProcess, text: bytes) -> None:
    result = speak(stdin=text)
    assert (result.status, result.stdout) == (1, b"")
    assert "nothing to speak" in result.error


def test_empty_text(speak: InProcess) -> None:
    result = speak("")
    assert (result.status, result.stdout) == (1, b"")
    assert "nothing to speak" in result.error


@pytest.mark.slow
@pytest.mark.numeric
def test_an_undecodable_line_fails_alone(speak: InProcess) -> None:
    good = speak("--deterministic", "--gap", "0", stdin=b"Yes.\n\nHello there.\n")
    result = speak("--deterministic", "--gap", "0", stdin=b"Yes.\nab\xff\xfe\nHello there.\n")
    assert result.status == 3
    assert result.stdout == good.stdout
    assert "stdin:2: byte 3 (0xff) is not UTF-8" in result.error


def test_a_script_of_undecodable_lines(speak: InProcess) -> None:
    result = speak(stdin=b"\xff\n\n\x00\n")
    assert (result.status, result.stdout) == (1, b"")
    first, second = result.stderr.splitlines()
    assert "stdin:1: byte 1 (0xff)" in first
    assert "stdin:3: character 1 (0x00)" in second


def test_undecodable_text_on_the_command_line(speak: InProcess) -> None:
    result = speak(os.fsdecode(b"caf\xe9"))
    assert (result.status, result.stdout) == (1, b"")
    assert "TEXT:1: byte 4 (0xe9) is not UTF-8" in result.error


# --- what is no text at all: 2, once


@pytest.mark.parametrize("arguments", [[], ["-0"], ["--paragraphs"], ["--jsonl"]])
def test_a_binary_input_is_one_error(
    vvcli: InProcess, tmp_path: Path, arguments: list[str]
) -> None:
    data = gzip.compress(b"Hello there.\n" * 500)
    (tmp_path / "book.txt").write_bytes(data)
    # No such model: it is said before one is looked for.
    named = vvcli("speak", "-m", "/no", *arguments, "-i", tmp_path / "book.txt")
    assert named.status == 2
    assert named.error == (
        f"{tmp_path}/book.txt is not text: it is compressed with gzip: `gunzip -c` it"
    )
    piped = vvcli("speak", "-m", "/no", *arguments, stdin=data)
    assert piped.status == 2
    assert piped.error == "stdin is not text: it is compressed with gzip: `gunzip -c` it"


def test_a_binary_pipe_is_one_error(process: Process) -> None:
    found = process("speak", "-q", "-m", TINY, stdin=bytes(range(256)) * 400)
    assert (found.status, found.stdout) == (2, b"")
    assert "stdin is not text: " in found.error


def test_batch_refuses_it_too(vvcli: InProcess, tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_bytes(b"%PDF-1.7\n")
    found = vvcli("batch", tmp_path / "book.txt", "-d", tmp_path / "out", "-m", TINY)
    assert found.status == 2
    assert "book.txt is not text: it is a PDF document" in found.error


def test_json_lines_that_are_spoken_as_text_have_a_note(vvcli: InProcess, tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text('{"text": "Hello."}\n', encoding="utf-8")
    common = ["speak", "--dry-run", "-m", TINY, "-i", file]
    note = f"speaking {file} as lines of text: --jsonl reads JSON lines"
    assert note in vvcli(*common).stderr
    assert note not in vvcli(*common, "-q").stderr
    assert note not in vvcli(*common, "--jsonl").stderr


@pytest.mark.slow
def test_the_name_of_a_file_is_spoken_with_a_note(vvcli: InProcess, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("Hello.", encoding="utf-8")
    name = str(tmp_path / "q.txt")
    found = vvcli("speak", "--progress", "none", "-m", TINY, name)
    assert found.status == 0
    assert found.error == f"speaking the name {name}, not the file: -i {name} reads the file"
    assert vvcli("speak", "-q", "-m", TINY, name).stderr == ""
    more = vvcli("speak", "--dry-run", "-m", TINY, name, name)
    assert f"the name {name} and 1 more, not the file" in more.stderr
    assert vvcli("speak", "--progress", "none", "-m", TINY, name, "is read").stderr == ""


def test_a_dash_is_standard_input(speak: InProcess) -> None:
    assert speak("-", stdin=b"Yes.").stdout == speak(stdin=b"Yes.").stdout != b""


# --- usage: 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--steps", "0"], "'--steps': '0' is not a whole number from 1 to 999"),
        (["--steps", "5.5"], "'--steps': '5.5' is not a whole number"),
        (["--gap", "nan"], "'--gap': 'nan' is not a number from 0 to 3600"),
        (["--gap", "-1"], "'--gap': '-1' is not a number from 0 to 3600"),
        (["--cfg-scale", "inf"], "'--cfg-scale': 'inf' is not"),
        (["--cfg-scale", "much"], "'--cfg-scale': 'much' is not a number from 0 to 100"),
        (["-j", "0"], "'0' is not 'auto' or a whole number from 1 to 65536"),
        (["-j", "-3"], "'-3' is not 'auto' or a whole number"),
        (["-j", "many"], "'many' is not 'auto' or a whole number"),
        (["-j", "9" * 5000], "9...' is not 'auto' or a whole number"),
        (["--seed", "-1"], "'--seed': '-1' is not a whole number from 0 to 18446744073709551615"),
        (["--max-ahead", "-1"], "'--max-ahead': '-1' is not a number from 0 to 1000000000"),
        (["-r", "500"], "'500' is not a whole number from 1000 to 384000"),
        (["-f", "mp4"], "'mp4' is not one of"),
        (["--dtype", "int8"], "'int8' is not one of"),
        (["--loud"], "--loud"),
        (["--vioce", "Ada"], "--voice"),
        (["-i", "script.txt"], "either TEXT or -i FILE, not both"),
    ],
)
def test_usage(speak: InProcess, arguments: list[str], words: str) -> None:
    result = speak(*arguments, "Hello.")
    assert (result.status, result.stdout) == (2, b"")
    assert words in result.error


def test_usage_errors_name_the_help(speak: InProcess) -> None:
    assert speak("--loud").error.endswith("see `vvcli speak --help`")


def test_no_command(vvcli: InProcess) -> None:
    result = vvcli()
    assert (result.status, result.stdout) == (2, b"")
    assert "speak" in result.stderr


def test_no_such_command(vvcli: InProcess) -> None:
    result = vvcli("sing")
    assert result.status == 2
    assert "'sing'" in result.error


def test_the_model_of_the_environment_is_used(
    vvcli: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VVCLI_MODEL", "/nowhere/model")
    result = vvcli("speak", "-q", "Hello.")
    assert result.status == 4
    assert "/nowhere/model" in result.error


def test_a_missing_input(speak: InProcess, tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("Hello.")
    result = speak("-i", tmp_path / "there.txt", "-i", tmp_path / "missing.txt")
    assert (result.status, result.stdout) == (2, b"")
    assert f"cannot read {tmp_path}/missing.txt: No such file" in result.error


def test_an_input_that_is_a_folder(speak: InProcess, tmp_path: Path) -> None:
    result = speak("-i", tmp_path)
    assert result.status == 2
    assert f"cannot read {tmp_path}: Is a directory" in result.error


def test_audio_to_a_terminal() -> None:
    controller, terminal = os.openpty()
    stderr = io.StringIO()
    environment = Environment(stderr, stdout=terminal)
    arguments = ["speak", "-q", "-m", str(TINY), "Hello."]
    try:
        result = Result(run(arguments, environment), b"", stderr.getvalue())
    finally:
        os.close(terminal)
        os.close(controller)
    assert result.status == 2
    assert "will not write audio to a terminal" in result.error


def test_a_terminal_without_text() -> None:
    controller, terminal = os.openpty()
    stderr = io.StringIO()
    environment = Environment(stderr, stdin=terminal)
    try:
        result = Result(run(["speak", "-m", str(TINY)], environment), b"", stderr.getvalue())
    finally:
        os.close(terminal)
        os.close(controller)
    assert result.status == 2
    assert "give TEXT, -i FILE, or pipe lines in" in result.error


# --- output: 5


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("{folder}/missing/out.wav", "make the folder"),
        ("{folder}", "it is a folder"),
        ("/proc/out.wav", "Permission denied" if os.geteuid() else "No such file or directory"),
        ("/dev/full", "No space left on device"),
        ("{folder}/" + 300 * "x" + ".wav", "File name too long"),
    ],
)
def test_an_output_that_cannot_be_written(
    speak: InProcess, tmp_path: Path, output: str, words: str
) -> None:
    output = output.format(folder=tmp_path)
    result = speak("-o", output, "Hello.")
    assert (result.status, result.stdout) == (5, b"")
    assert f"cannot write to {output}: {words}" in result.error


def test_a_device_is_written_to(speak: InProcess) -> None:
    assert speak("-o", os.devnull, "Hello.").status == 0
    assert Path(os.devnull).is_char_device()


def test_a_folder_where_the_output_goes(speak: InProcess, tmp_path: Path) -> None:
    (tmp_path / "out.wav.part").mkdir()
    result = speak("-o", tmp_path / "out.wav", "Hello.")
    assert result.status == 5
    assert not (tmp_path / "out.wav").exists()


class BrokenError(Exception):
    pass


@pytest.mark.parametrize("name", ["out.wav", "out.pcm"])
def test_a_run_that_breaks_keeps_its_audio_apart(
    speak: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    stream = Synthesizer.stream

    def breaking(self: Synthesizer, lines: object) -> object:
        chunks = stream(self, lines)  # type: ignore[arg-type]
        yield next(chunks)
        yield next(chunks)
        raise BrokenError("two\nlines")

    monkeypatch.setattr(Synthesizer, "stream", breaking)
    (tmp_path / name).write_bytes(b"before")
    result = speak("-o", tmp_path / name, "--seed", "42", "Hello there.")
    assert result.status == 1
    assert "internal error: BrokenError: two lines" in result.error
    assert (tmp_path / name).read_bytes() == b"before"
    part = (tmp_path / f"{name}.part").read_bytes()
    assert len(part) == 2 * 2 * 160 + (80 if name == "out.wav" else 0)


@pytest.mark.parametrize("name", ["out.wav", "out.pcm"])
@pytest.mark.parametrize(("model", "text"), [(TINY, b""), (TINY, b"\xff\n"), ("/no", b"Hello.")])
def test_a_run_without_audio_leaves_nothing(
    vvcli: InProcess, tmp_path: Path, model: Path, text: bytes, name: str
) -> None:
    (tmp_path / "old").mkdir()
    result = vvcli("speak", "-m", model, "-o", tmp_path / "old" / name, stdin=text)
    assert result.status in (1, 4)
    assert list((tmp_path / "old").iterdir()) == []
    (tmp_path / "old" / name).write_bytes(b"before")
    vvcli("speak", "-m", model, "-o", tmp_path / "old" / name, stdin=text)
    assert [path.name for path in (tmp_path / "old").iterdir()] == [name]
    assert (tmp_path / "old" / name).read_bytes() == b"before"


# --- what -v adds


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["-m", "/no", "Hello."], 4), (["-m", "/no", "-i", "/no"], 2), (["-o", "/no/x.wav", "A."], 5)],
)
def test_verbose_adds_the_traceback(vvcli: InProcess, arguments: list[str], status: int) -> None:
    plain = vvcli("speak", "-q", "-m", TINY, *arguments)
    verbose = vvcli("speak", "-q", "-v", "-m", TINY, *arguments)
    assert plain.status == verbose.status == status
    assert verbose.stderr.startswith(f"vvcli: {plain.error}\nTraceback (most recent call last):")


def test_every_status_has_its_error() -> None:
    assert {status.name: int(status) for status in ExitStatus} == {
        "OK": 0,
        "NOTHING": 1,
        "USAGE": 2,
        "SOME_FAILED": 3,
        "UNAVAILABLE": 4,
        "OUTPUT": 5,
    }


# --- descriptors that came closed, as only a shell makes them


def shell(command: str, text: bytes = b"Hello there.\n") -> Result:
    vvcli = f"{shlex.quote(sys.executable)} -m vvcli"
    done = subprocess.run(
        [
            "/bin/sh",
            "-c",
            command.replace("vvcli", vvcli, 1).replace("TINY", shlex.quote(str(TINY))),
        ],
        input=text,
        capture_output=True,
        check=False,
        timeout=100,
    )
    return Result(done.returncode, done.stdout, done.stderr.decode())


def test_closed_stdout() -> None:
    result = shell("vvcli speak -m TINY -V Ada >&-")
    assert (result.status, result.stdout) == (5, b"")
    assert "standard output is closed" in result.error


def test_closed_stdin() -> None:
    result = shell("vvcli speak -m TINY -V Ada <&-")
    assert (result.status, result.stdout) == (2, b"")
    assert "standard input is closed" in result.error


def test_stdin_that_is_open_for_writing_only(tmp_path: Path) -> None:
    result = shell(f"vvcli speak -m TINY -V Ada 0>{shlex.quote(str(tmp_path / 'file'))}")
    assert (result.status, result.stdout) == (2, b"")
    assert result.error == "cannot read stdin: Bad file descriptor"


SPEAK = [sys.executable, "-m", "vvcli", "speak", "-m", str(TINY), "-V", "Ada", "Yes."]


def test_closed_stderr(speak: InProcess) -> None:
    with warm.Popen(SPEAK, closed=[2], stdout=subprocess.PIPE) as process:
        output, _ = process.communicate(timeout=100)
    assert process.returncode == 0
    assert output == speak("Yes.").stdout


def test_full_stderr(speak: InProcess) -> None:
    with Path("/dev/full").open("wb") as full:
        done = warm.run(SPEAK, stdout=subprocess.PIPE, stderr=full, timeout=100)
    assert done.returncode == 0
    assert done.stdout == speak("Yes.").stdout


@pytest.mark.slow
def test_everything_closed_and_a_file_to_write(speak: InProcess, tmp_path: Path) -> None:
    out = shlex.quote(str(tmp_path / "out.pcm"))
    result = shell(f"vvcli speak -m TINY -V Ada -o {out} Hello there. <&- >&- 2>&-")
    assert (result.status, result.stdout, result.stderr) == (0, b"", "")
    assert (tmp_path / "out.pcm").read_bytes() == speak("Hello there.").stdout


def test_full_stdout(speak: InProcess) -> None:
    with Path("/dev/full").open("wb") as full:
        result = speak(stdin=b"Hello there.\n", stdout=full.fileno())
    assert result.status == 5
    assert "cannot write to standard output: No space left on device" in result.error


@pytest.mark.parametrize("arguments", ["--help", "voices list -m TINY"])
def test_full_stdout_for_text(arguments: str) -> None:
    result = shell(f"vvcli {arguments} >/dev/full")
    assert result.status == 5
    assert "cannot write to standard output: No space left on device" in result.error


def test_a_text_that_begins_with_a_dash_is_told_where_to_go(vvcli: InProcess) -> None:
    result = vvcli("speak", "-5 degrees outside")
    assert result.status == 2
    assert "(a text that begins with - comes after --)" in result.error
    assert "comes after" not in vvcli("speak", "--frmat", "wav", "Hi.").error


def test_a_terminal_by_its_name_gets_no_audio(vvcli: InProcess) -> None:
    ours, theirs = os.openpty()
    try:
        result = vvcli("speak", "-q", "-m", TINY, "-V", "Ada", "-o", os.ttyname(theirs), "Hi.")
    finally:
        os.close(ours)
        os.close(theirs)
    assert result.status == 2
    assert "will not write audio to a terminal" in result.error
