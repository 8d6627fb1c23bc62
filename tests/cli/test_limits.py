"""Paths that cannot be, and limits of the machine: a sentence and a status, no internal error."""

from __future__ import annotations

import errno
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.conftest import TINY, InProcess, Result
from vvcli.cli.exit_status import ExitStatus
from vvcli.cli.failures import failure_of
from vvcli.cli.main import vvcli as root
from vvcli.cli.types import Number, ShardOf
from vvcli.errors import OutputError, RecordError, UnavailableError, UsageError

LONG = "x" * 300
DIGITS = "9" * 5000
DEEP = "d/" * 1000

OUTPUT = (2, 5)  # of a wrong name of an output: a wrong argument, or a file that is not written


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["speak", "Hi.", "-m", "a/b..c"], 4),
        (["speak", "Hi.", "-m", "a/b.git"], 4),
        (["speak", "Hi.", "-m", "~nosuchuser/x"], 4),
        (["speak", "Hi.", "-m", LONG], 4),
        (["speak", "Hi.", "-m", f"a/{LONG}"], 4),
        (["speak", "Hi.", "-m", "loop"], 4),
        (["speak", "Hi.", "-m", "loop/model"], 4),
        (["speak", "Hi.", "-m", DEEP], 4),
        (["speak", "Hi.", "-m", TINY, "-V", LONG], 4),
        (["speak", "Hi.", "-m", TINY, "-V", f"{LONG}/a.pt"], 4),
        (["speak", "Hi.", "-m", TINY, "-V", "loop/a.pt"], 4),
        (["speak", "Hi.", "-m", TINY, "-o", f"{LONG}.wav"], OUTPUT),
        (["speak", "Hi.", "-m", TINY, "-o", "loop/a.wav"], OUTPUT),
        (["speak", "Hi.", "-m", TINY, "-o", "a.wav", "--cues", f"{LONG}.srt"], OUTPUT),
        (["speak", "Hi.", "-m", TINY, "-o", "a.wav", "--summary", LONG], OUTPUT),
        (["speak", "-m", TINY, "-i", LONG], 2),
        (["speak", "-m", TINY, "-i", "loop"], 2),
        (["speak", "-m", TINY, "-i", DEEP], 2),
        (["speak", "Hi.", "-m", TINY, "-j", DIGITS], 2),
        (["speak", "Hi.", "-m", TINY, "--seed", DIGITS], 2),
        (["speak", "Hi.", "-m", TINY, "--steps", DIGITS], 2),
        (["speak", "Hi.", "-m", TINY, "--gap", "1e999"], 2),
        (["speak", "Hi.", "-m", TINY, "-r", DIGITS], 2),
        (["batch", LONG, "-m", TINY, "-d", "o"], OUTPUT),
        (["batch", "loop", "-m", TINY, "-d", "o"], OUTPUT),
        (["batch", "a.txt", "-m", TINY, "-d", "loop"], OUTPUT),
        (["batch", "a.txt", "-m", TINY, "-d", "a.txt/o"], OUTPUT),
        (["batch", "a.txt", "-m", TINY, "-d", LONG], OUTPUT),
        (["batch", "a.txt", "-m", TINY, "-d", "o", "--name", 3 * DEEP + "{n}"], OUTPUT),
        (["voices", "list", "-m", LONG], 4),
        (["voices", "convert", LONG, "a.safetensors"], 4),
        (["voices", "convert", "loop", "a.safetensors"], 4),
        (["voices", "convert", "a.pt", "loop/a.safetensors"], 4),
        (["models", "path", "a/b..c"], 4),
        (["models", "pull", "a/b..c"], 4),
        (["models", "pull", "~nosuchuser/x"], 4),
        (["check", "-m", "~nosuchuser/x"], 4),
        (["format", "-r", DIGITS], 2),
        (["bench", "frame", "--streams", DIGITS], 2),
        (["bench", "load", "--characters", f"4-{DIGITS}"], 2),
    ],
)
def test_a_plain_mistake_is_a_sentence(
    vvcli: InProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    status: int | tuple[int, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "a.txt").write_text("Hi.\n")
    result = vvcli(*command)
    said = result.stderr + capsys.readouterr().out
    assert result.status in (status if isinstance(status, tuple) else (status,)), said
    assert "internal error" not in said
    assert "Traceback" not in said
    assert len(said) < 10_000


def numeric_options() -> Iterator[tuple[str, str]]:
    def walk(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(command, click.Group):
            for name in command.list_commands(click.Context(command)):
                found = command.get_command(click.Context(command), name)
                assert found is not None
                yield from walk(found, f"{path} {name}".strip())
        for option in command.params:
            kind = option.type
            is_number = isinstance(kind, Number | ShardOf | click.types.IntParamType)
            if is_number or isinstance(kind, click.types.FloatParamType):
                yield path, option.opts[-1]

    yield from walk(root, "")
    yield "bench frame", "--streams"
    yield "bench load", "--characters"


@pytest.mark.parametrize(("command", "option"), [*numeric_options()])
def test_a_wrong_number_is_told_its_range(vvcli: InProcess, command: str, option: str) -> None:
    """And what it was, as it was written."""
    for value in ("x", "-99", "nan", DIGITS):
        result = vvcli(*command.split(), option, value)
        assert result.status == 2
        [said] = [line for line in result.stderr.splitlines() if option in line]
        assert re.search(r"\b(from|within) -?[0-9.]+ (to|and) -?[0-9]+", said)
        assert f"{value[:40]!r}"[:-1] in said
        assert len(said) < 300


def limited(arguments: list[str | Path], kind: int, limit: int) -> Result:
    done = subprocess.run(
        [sys.executable, "-m", "vvcli", *map(str, arguments)],
        input=b"Hello there.\n",
        capture_output=True,
        check=False,
        timeout=100,
        preexec_fn=lambda: resource.setrlimit(kind, (limit, limit)),
    )
    return Result(done.returncode, done.stdout, done.stderr.decode())


@pytest.mark.slow
@pytest.mark.parametrize("files", [5, 6, 8])  # with fewer, Python itself does not start
def test_few_open_files_are_a_sentence(files: int) -> None:
    result = limited(["speak", "-q", "-m", TINY], resource.RLIMIT_NOFILE, files)
    if result.status == 0:
        assert result.stdout
        return
    assert result.status in (2, 4, 5)
    assert "too many" in result.error.lower()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS does nothing elsewhere")
@pytest.mark.parametrize("mebibytes", [120, 300, 480, 600, 660])
def test_little_memory_is_a_sentence(mebibytes: int) -> None:
    result = limited(["speak", "-q", "-m", TINY], resource.RLIMIT_AS, mebibytes << 20)
    assert result.status == 4
    assert "not enough memory" in result.error


@pytest.mark.skipif(sys.platform != "linux", reason="others keep a folder that is in use")
@pytest.mark.parametrize("is_deep", [False, True], ids=["gone", "deep"])
def test_a_working_directory_without_a_path_is_a_sentence(tmp_path: Path, is_deep: bool) -> None:
    name = 200 * "d"
    if is_deep:
        script = f"cd {tmp_path}; for i in $(seq 25); do mkdir {name} && cd {name}; done"
    else:
        script = f"cd {tmp_path}; mkdir a; cd a; rmdir ../a"
    done = subprocess.run(
        ["/bin/bash", "-c", f"{script}; exec {sys.executable} -m vvcli speak -q -m {TINY} Hi."],
        capture_output=True,
        check=False,
        timeout=100,
        env=os.environ | {"PYTHONPATH": str(TINY.parents[2])},
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"vvcli: the ")
    assert done.stderr.endswith(b": change to another\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may search every folder")
def test_a_folder_that_may_not_be_searched_is_a_sentence(vvcli: InProcess, tmp_path: Path) -> None:
    (tmp_path / "shut" / "model").mkdir(parents=True)
    (tmp_path / "shut").chmod(0)
    try:
        for command, status in (
            (["speak", "Hi.", "-m", tmp_path / "shut" / "model"], 4),
            (["speak", "Hi.", "-m", TINY, "-V", tmp_path / "shut" / "a.pt"], 4),
            (["speak", "-m", TINY, "-i", tmp_path / "shut" / "a.txt"], 2),
            (["speak", "Hi.", "-m", TINY, "-o", tmp_path / "shut" / "a.wav"], 5),
        ):
            result = vvcli(*command)
            assert result.status == status
            assert "Permission denied" in result.stderr
    finally:
        (tmp_path / "shut").chmod(0o700)


def test_an_error_of_permission_is_a_models_as_it_is_a_files(
    vvcli: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(self: Path, **_: object) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "is_dir", denied)
    result = vvcli("models", "path", "/shut/model")
    assert result.status == 4
    assert result.error == "cannot read the model folder /shut/model: Permission denied"


def os_error(number: int, name: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), name)


class Panic(BaseException):
    """Looks like a panic of a library in Rust."""


Panic.__module__ = "pyo3_runtime"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (os_error(errno.EMFILE, "/a"), 4, "ulimit -n"),
        (os_error(errno.ENFILE), 4, "too many files"),
        (os_error(errno.ENOMEM), 4, "not enough memory"),
        (os_error(errno.EAGAIN), 4, "ulimit -u"),
        (os_error(errno.ENOSPC), 5, "cannot write to standard output: No space left"),
        (os_error(errno.EIO), 5, "cannot write to standard output"),
        (os_error(errno.EACCES, "/a"), 2, "cannot use /a: Permission denied"),
        (os_error(errno.ENAMETOOLONG, "/a"), 2, "cannot use /a: File name too long"),
        (os_error(errno.ELOOP, "/a"), 2, "cannot use /a"),
        (os_error(errno.ENOSPC, "/a"), 2, "cannot use /a: No space left"),
        (os_error(errno.ESTALE), 5, "the system refused"),
        (MemoryError(), 4, "not enough memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), 4, "not enough memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), 4, "memory"),
        (RuntimeError("std::bad_alloc"), 4, "not enough memory"),
        (RuntimeError("can't start new thread"), 4, "limit of processes or threads"),
        (RuntimeError("unable to open file <a>: Too many open files (24)"), 4, "ulimit -n"),
        (ImportError("a.so: failed to map segment from shared object"), 4, "not enough memory"),
        (ImportError("a.so: Too many open files"), 4, "ulimit -n"),
        (ModuleNotFoundError("No module named 'soxr'", name="soxr"), 4, "cannot load soxr"),
        (RecursionError("maximum recursion depth exceeded"), 2, "nested too deeply"),
        ("\ud800".encode, 2, "not valid Unicode"),
        (lambda: open("a\0b"), 2, "NUL"),  # noqa: PTH123, SIM115
        (Panic("index out of bounds"), 4, "a library failed"),
        (UsageError("a"), 2, "a"),
        (RecordError("a"), 3, "a"),
        (UnavailableError("a"), 4, "a"),
        (OutputError("a"), 5, "a"),
        (click.UsageError("a."), 2, "a"),
    ],
)
def test_every_error_has_its_sentence_and_status(error: object, status: int, words: str) -> None:
    if callable(error):
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - any message
            error()
        error = caught.value
    assert isinstance(error, BaseException)
    failure = failure_of(error)
    assert words in failure.sentence
    assert failure.status == status
    assert not failure.is_ours


@pytest.mark.parametrize(
    "error", [KeyError("a"), RuntimeError("a"), AssertionError(), ValueError()]
)
def test_only_a_mistake_of_ours_is_an_internal_error(error: Exception) -> None:
    failure = failure_of(error)
    assert failure.sentence.startswith(f"internal error: {type(error).__name__}: ")
    assert (failure.status, failure.is_ours) == (ExitStatus.NOTHING, True)
