"""Files that `speak`, `batch` and `voices convert` write: safe from links, races and each other."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import warm
from tests.batch.fakes import PROGRAM
from tests.conftest import TINY, InProcess, Result
from vvcli.audio.output_file import FileOutput

pytestmark = pytest.mark.usefixtures("one_step")

RUNS = int(os.environ.get("VVCLI_CRASH_RUNS", "2"))

ADA = TINY / "voices" / "tiny-Ada_woman.pt"

# What writes the file `name`, of any suffix that it may have.
Writer = Callable[[str], Result]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("precious").write_text("precious")
    return tmp_path


@pytest.fixture(params=["-o", "--cues", "--summary", "batch", "batch --summary", "convert"])
def target(
    request: pytest.FixtureRequest, here: Path, speak: InProcess, vvcli: InProcess
) -> Iterator[tuple[Path, Callable[[], Result]]]:
    """A file that a command makes, and the command."""
    batch = ["batch", "-q", "-m", TINY, "-V", "Ada", "-", "-d", "out", "--existing", "overwrite"]
    Path("out/stdin").mkdir(parents=True)
    named = {
        "-o": ("x.wav", lambda: speak("-o", "x.wav", "Yes.")),
        "--cues": ("x.srt", lambda: speak("-o", "y.wav", "--cues", "x.srt", "Yes.")),
        "--summary": ("x.json", lambda: speak("-o", "y.wav", "--summary", "x.json", "Yes.")),
        "batch": ("out/stdin/00001.wav", lambda: vvcli(*batch, stdin=b"Yes.")),
        "batch --summary": ("x.json", lambda: vvcli(*batch, "--summary", "x.json", stdin=b"Yes.")),
        "convert": (
            "x.safetensors",
            lambda: vvcli("voices", "convert", ADA, "x.safetensors", "--force"),
        ),
    }
    name, command = named[request.param]
    yield Path(name), command
    assert Path("precious").read_text() == "precious"


def part_of(path: Path) -> Path:
    return path.with_name(path.name + ".part")


@pytest.mark.parametrize("plant", ["link", "hard link", "fifo", "leftover"])
def test_nothing_in_the_place_of_the_part_is_written_to(
    target: tuple[Path, Callable[[], Result]], plant: str
) -> None:
    path, command = target
    part = part_of(path)
    match plant:
        case "link":
            part.symlink_to(Path("precious").absolute())
        case "hard link":
            part.hardlink_to("precious")
        case "fifo":
            os.mkfifo(part)
        case "leftover":
            part.write_bytes(bytes(10**6))
    assert command().status == 0
    assert path.is_file()
    assert not path.is_symlink()
    assert path.stat().st_nlink == 1
    assert 0 < path.stat().st_size < 10**6
    assert not part.exists()


def test_a_file_that_is_being_written_is_left_to_its_writer(
    target: tuple[Path, Callable[[], Result]],
) -> None:
    path, command = target
    with FileOutput(path) as writer:
        writer.write(b"mine")
        result = command()
        assert result.status == 2
        assert f"another vvcli is writing {path}" in result.error
    assert path.read_bytes() == b"mine"
    assert command().status == 0


def test_the_rights_of_a_file_are_kept(target: tuple[Path, Callable[[], Result]]) -> None:
    path, command = target
    path.write_bytes(b"old")
    path.chmod(0o600)
    assert command().status == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() != b"old"


def test_a_link_of_that_name_is_not_followed(target: tuple[Path, Callable[[], Result]]) -> None:
    path, command = target
    path.symlink_to(Path("precious").absolute())
    result = command()
    if path.parent == Path("out/stdin"):  # `--existing overwrite` replaces what is in the way
        assert result.status == 0
        assert not path.is_symlink()
    else:
        assert result.status == 2
        assert f"{path} is a link, which is not written through" in result.error
        assert path.is_symlink()


@pytest.mark.slow
def test_standard_output_by_its_other_names(here: Path, speak: InProcess) -> None:
    plain = speak("Yes.").stdout
    for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
        assert speak("-o", name, "Yes.").stdout == plain
    assert Path("/dev/stdout").is_symlink()


# --- collisions


@pytest.mark.parametrize(
    ("arguments", "first", "second"),
    [
        (["-o", "x.wav", "--summary", "x.wav"], "-o x.wav", "--summary x.wav"),
        (["-o", "x.wav", "--summary", "./x.wav"], "-o x.wav", "--summary ./x.wav"),
        (["-o", "x.wav", "--summary", "{here}/x.wav"], "-o x.wav", "--summary /"),
        (["-o", "x.wav", "--summary", "up/../x.wav"], "-o x.wav", "--summary up/../x.wav"),
        (["-o", "x.wav", "--summary", "self/x.wav"], "-o x.wav", "--summary self/x.wav"),
        (["-o", "x.wav", "--summary", "x.wav.part"], "-o x.wav", "--summary x.wav.part"),
        (["-o", "x.srt", "-f", "wav", "--cues", "x.srt"], "-o x.srt", "--cues x.srt"),
        (["-o", "y.wav", "--cues", "x.srt", "--summary", "x.srt"], "--cues", "--summary"),
        (["-i", "a.txt", "-o", "a.txt", "-f", "wav"], "-i a.txt", "-o a.txt"),
        (["-i", "a.txt", "-o", "{here}/a.txt", "-f", "wav"], "-i a.txt", "-o /"),
        (["-i", "a.txt", "-o", "soft.txt", "-f", "wav"], "-i a.txt", "-o soft.txt"),
        (["-i", "soft.txt", "-o", "a.txt", "-f", "wav"], "-i soft.txt", "-o a.txt"),
        (["-i", "a.txt", "-o", "hard.txt", "-f", "wav"], "-i a.txt", "-o hard.txt"),
        (["-i", "a.txt", "--summary", "hard.txt"], "-i a.txt", "--summary hard.txt"),
        (["-i", "c.srt", "--cues", "c.srt"], "-i c.srt", "--cues c.srt"),
        (["-i", "b.wav.part", "-o", "b.wav"], "-i b.wav.part", "-o b.wav (written as b.wav.part"),
        (["-i", "pipe", "--summary", "pipe"], "-i pipe", "--summary pipe"),
        (["-V", "{here}/v.pt", "-o", "v.pt", "-f", "wav", "Yes."], "-V /", "-o v.pt"),
        (["Yes.", "-m", "m", "-o", "m/config.json", "-f", "wav"], "-m m/c", "-o m/c"),
        (["Yes.", "--summary", "/dev/stdout"], "standard output", "--summary"),
        (["Yes.", "-o", "/dev/fd/1", "--summary", "-"], "standard output", "--summary"),
    ],
)
def test_one_file_for_two_things_is_refused(
    here: Path, speak: InProcess, arguments: list[str], first: str, second: str
) -> None:
    Path("a.txt").write_text("Yes.\n")
    Path("hard.txt").hardlink_to("a.txt")
    Path("soft.txt").symlink_to("a.txt")
    Path("c.srt").write_text("Yes.\n")
    Path("b.wav.part").write_text("Yes.\n")
    Path("v.pt").write_bytes(ADA.read_bytes())
    Path("up").mkdir()
    Path("m").mkdir()
    Path("m/config.json").write_text("{}")
    Path("self").symlink_to(".")
    os.mkfifo("pipe")
    before = state(here)
    filled = [argument.format(here=here) for argument in arguments]
    result = speak(*filled)
    assert result.status == 2
    assert first in result.error
    assert second in result.error
    assert result.stdout == b""
    assert state(here) == before


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Everything that is there, but what the fixture needs."""
    return {
        path.name: (path.lstat().st_ino, path.lstat().st_mtime_ns)
        for path in folder.iterdir()
        if path.name not in ("stdin", "stdout")
    }


def test_standard_streams_are_files_too(here: Path, speak: InProcess) -> None:
    result = speak("-o", "stdin", "-f", "wav", stdin=b"Yes.")  # where the fixture has it
    assert result.status == 2
    assert "-i - and -o stdin are the same file" in result.error
    assert Path("stdin").read_bytes() == b"Yes."
    with Path("x.pcm").open("wb") as stdout:
        result = speak("Yes.", "--summary", "x.pcm", stdout=stdout.fileno())
    assert result.status == 2
    assert "-o - and --summary x.pcm are the same file" in result.error


def test_the_name_of_a_voice_is_no_file(here: Path, speak: InProcess) -> None:
    Path("Ada").write_bytes(b"old audio")
    assert speak("-o", "Ada", "-f", "wav", "Yes.").status == 0


def test_devices_can_be_shared(here: Path, speak: InProcess) -> None:
    assert speak("-o", "/dev/null", "--summary", "/dev/null", "Yes.").status == 0
    assert speak("-i", "/dev/null", "-o", "/dev/null", "--summary", "s").status == 1


def test_a_summary_on_a_descriptor_and_on_a_full_disk(here: Path, speak: InProcess) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    assert speak("-o", "x.wav", "--summary", f"/dev/fd/{writer}", "Yes.").status == 0
    os.close(writer)
    assert json.loads(os.read(reader, 10_000))["records"] == 1
    os.close(reader)
    result = speak("-o", "x.wav", "--summary", "/dev/full", "Yes.")
    assert (result.status, "No space left" in result.error) == (5, True)


@pytest.mark.parametrize("summary", ["missing/x.json", "precious/x.json", "out"])
def test_a_summary_that_cannot_be_is_said_before_the_model_loads(
    here: Path, speak: InProcess, summary: str
) -> None:
    Path("out").mkdir()
    result = speak("-o", "x.wav", "--summary", summary, "Yes.")
    assert result.status == 5
    assert f"cannot write to {summary}" in result.error
    assert not Path("x.wav").exists()


# --- processes


@pytest.mark.slow
def test_two_speakers_of_one_file(here: Path) -> None:
    """VVCLI_CRASH_RUNS=50 is the long version."""
    command = [sys.executable, "-c", PROGRAM, "speak", "-q", "-m", str(TINY)]
    environment = os.environ | {"VVCLI_TEST_FAKE": "0.0002"}
    texts = {"one": "Yes.\n" * 150, "two": "No, and more.\n" * 150}
    whole = {}
    for name, text in texts.items():
        Path(name).write_text(text)
        warm.run([*command, "-i", name, "-o", f"{name}.wav"], env=environment, check=True)
        whole[name] = Path(f"{name}.wav").read_bytes()
    assert whole["one"] != whole["two"]
    chance = random.Random(RUNS)  # noqa: S311 - repeatable, not secret
    seen: list[tuple[int, ...]] = []
    for _ in range(RUNS):
        Path("mix.wav").unlink(missing_ok=True)
        racing = []
        for name in chance.sample(sorted(texts), 2):
            arguments = [*command, "-i", name, "-o", "mix.wav"]
            racing.append(warm.Popen(arguments, env=environment, stderr=subprocess.PIPE))
            time.sleep(chance.choice((0, 0, 0.05, 0.5)))
        ends = []
        for process in racing:
            _, errors = process.communicate(timeout=100)
            ends.append(process.returncode)
            assert process.returncode in (0, 2), errors
            assert process.returncode == 0 or b"another vvcli is writing mix.wav" in errors
        assert 0 in ends
        assert Path("mix.wav").read_bytes() in whole.values()
        assert not Path("mix.wav.part").exists()
        seen.append(tuple(sorted(ends)))
    print({ends: seen.count(ends) for ends in set(seen)})  # noqa: T201


@pytest.mark.slow
def test_an_output_need_not_be_readable(
    speak: InProcess, vvcli: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that files can only be put into, or a file that its owner may only write."""
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK and access(path, mode))
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.wav").touch()
    (tmp_path / "a.txt").write_text("Yes.\n")
    assert speak("Yes.", "-o", tmp_path / "a.wav").status == 0
    files = ["-d", tmp_path / "folder", tmp_path / "a.txt"]
    assert vvcli("batch", "-q", "-m", TINY, *files).status == 0
