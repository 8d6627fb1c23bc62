"""What only a shell sees: pipes, signals and shared descriptors, with real processes."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from tests import warm
from tests.conftest import TINY, InProcess
from vvcli.audio.output import PIPE_BYTES

SPEAK = [*(sys.executable, "-m", "vvcli", "speak"), *("-m", str(TINY), "-V", "Ada")]
SAME_BITS = "--deterministic"  # which lines are spoken together differs from run to run
PATIENCE = 60  # seconds, after which a test fails instead of hanging
LINE = b"Hello there.\n"


@contextmanager
def started(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = warm.Popen(command, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()


def read_some(file: IO[bytes], until: Callable[[bytes], bool]) -> bytes:
    """What `file` has until `until` says it is enough."""
    deadline = time.monotonic() + PATIENCE
    data = b""
    while not until(data):
        ready, _, _ = select.select([file], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"nothing more arrived after {data!r}"
        more = os.read(file.fileno(), 1 << 16)
        assert more, f"ended after {data!r}"
        data += more
    return data


def long_script(path: Path) -> Path:
    path.write_bytes(5000 * LINE)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("argument", [[], ["-i", "{fifo}"]], ids=["stdin", "input"])
def test_the_first_line_speaks_before_the_second_is_written(
    speak: InProcess, tmp_path: Path, argument: list[str]
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    first = speak(SAME_BITS, "--gap", "0", stdin=LINE).stdout
    both = speak(SAME_BITS, "--gap", "0", stdin=LINE + b"Yes.\n").stdout
    assert len(first) < len(both)
    # Read and write, so that neither end waits for the other.
    with fifo.open("r+b", buffering=0) as held:
        arguments = [part.format(fifo=fifo) for part in argument]
        source = subprocess.DEVNULL if arguments else held
        command = [*SPEAK, SAME_BITS, "--gap", "0", *arguments]
        with started(command, stdin=source, stdout=subprocess.PIPE) as process:
            assert process.stdout
            with fifo.open("wb", buffering=0) as writer:
                writer.write(LINE)
                audio = read_some(process.stdout, lambda data: len(data) >= len(first))
                assert audio == first
                writer.write(b"Yes.\n")
                audio += read_some(process.stdout, lambda data: len(data) >= len(both) - len(first))
            assert audio == both
            # The child holds a writing end of its own in `held`, so its input never ends.
            if arguments:
                held.close()
                assert process.wait(PATIENCE) == 0


@pytest.mark.slow
def test_a_reader_that_leaves_ends_it_silently(tmp_path: Path) -> None:
    with (
        long_script(tmp_path / "script.txt").open("rb") as script,
        started(
            [*SPEAK, "-q"], stdin=script, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process,
    ):
        assert process.stdout
        assert process.stderr
        assert len(os.read(process.stdout.fileno(), 1)) == 1
        process.stdout.close()
        assert process.wait(PATIENCE) == -signal.SIGPIPE
        assert process.stderr.read() == b""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_speaking(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "out.wav"
    script = long_script(tmp_path / "script.txt")
    command = [*SPEAK, "-q", "-i", str(script), "-o", str(out)]
    with started(command, stderr=subprocess.PIPE) as process:
        assert process.stderr
        part = tmp_path / "out.wav.part"
        deadline = time.monotonic() + PATIENCE
        while not (part.exists() and part.stat().st_size > 80):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(PATIENCE) == -number
        assert process.stderr.read() == b""
        assert part.stat().st_size > 80
        assert not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_waiting_for_text(number: signal.Signals) -> None:
    with started(
        [*SPEAK, "-q"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"Yes.\n")
        process.stdin.flush()
        read_some(process.stdout, lambda data: len(data) > 0)
        process.send_signal(number)
        assert process.wait(PATIENCE) == -number
        assert process.stderr.read() == b""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_any_audio_leaves_no_file(tmp_path: Path, number: signal.Signals) -> None:
    command = [*SPEAK, "-o", str(tmp_path / "out.wav")]
    with started(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr
        read_some(process.stderr, lambda data: b"streams on cpu\n" in data)
        assert [path.name for path in tmp_path.iterdir()] == ["out.wav.part"]
        process.send_signal(number)
        assert process.wait(PATIENCE) == -number
        assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_shell_loop_stops_on_sigint() -> None:
    """A shell stops after a child that dies of ^C, and goes on after one that exits with 130."""
    command = " ".join(SPEAK)
    with started(
        ["bash", "-c", f"for i in 1 2 3; do {command} -q; echo next >&2; done"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"Yes.\n")
        process.stdin.flush()
        read_some(process.stdout, lambda data: len(data) > 0)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE) == -signal.SIGINT
        assert process.stderr.read() == b""


NOISY = """
import os, sys, threading
from vvcli.synthesizer import Synthesizer

make = Synthesizer.__init__

def noisy(self, *args, **options):
    print("a library prints", flush=True)
    os.write(1, b"a C library prints")
    make(self, *args, **options)
    os.system("echo a child prints")

Synthesizer.__init__ = noisy
from vvcli.cli.main import main
main()
"""


@pytest.mark.slow
def test_what_a_library_prints_stays_out_of_the_audio(speak: InProcess) -> None:
    done = warm.run(
        [sys.executable, "-c", NOISY, *SPEAK[3:]],
        input=LINE,
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    assert done.stdout == speak(stdin=LINE).stdout
    for who in (b"a library", b"a C library", b"a child"):
        assert who + b" prints" in done.stderr


@pytest.mark.slow
def test_a_seekable_stdout_gets_true_sizes(speak: InProcess, tmp_path: Path) -> None:
    speak("-o", tmp_path / "alone.wav", stdin=LINE)
    alone = (tmp_path / "alone.wav").read_bytes()
    with (tmp_path / "out").open("w+b", buffering=0) as out:
        out.write(b"what was there")
        warm.run([*SPEAK, "-q", "-f", "wav"], input=LINE, stdout=out, check=True, timeout=PATIENCE)
        out.write(b"what comes after")  # the offset is shared, and stands at the end
    assert (tmp_path / "out").read_bytes() == b"what was there" + alone + b"what comes after"
    assert int.from_bytes(alone[76:80], "little") == len(alone) - 80 > 0


def test_appending_keeps_what_is_there(speak: InProcess, tmp_path: Path) -> None:
    streamed = speak("-f", "s16le", stdin=LINE).stdout
    (tmp_path / "out").write_bytes(b"what was there")
    with (tmp_path / "out").open("ab") as out:  # as `>>` opens it; this takes no process
        assert speak("-f", "wav", stdin=LINE, stdout=out.fileno()).status == 0
    content = (tmp_path / "out").read_bytes()
    assert content.startswith(b"what was there" + b"RIFF\xff\xff\xff\xffWAVE")
    assert content[-len(streamed) :] == streamed
    assert len(content) == len(b"what was there") + 44 + len(streamed)


@pytest.mark.slow
def test_a_pipe_that_does_not_block(speak: InProcess) -> None:
    """Whoever shares a pipe may switch it to non-blocking, for all its writers."""
    script = 4 * LINE
    options = (SAME_BITS, "-f", "f32le")
    whole = speak(*options, stdin=script).stdout
    reader, writer = os.pipe()
    room = 4096  # a page; vvcli would widen a smaller pipe
    filled = bytes(fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES) - room)
    os.set_blocking(writer, False)
    assert os.write(writer, filled) == len(filled)
    assert len(whole) > 4 * room
    with (
        os.fdopen(reader, "rb") as pipe,
        started([*SPEAK, "-q", *options], stdin=subprocess.PIPE, stdout=writer) as process,
    ):
        assert process.stdin
        process.stdin.write(script)
        process.stdin.close()
        deadline = time.monotonic() + PATIENCE
        while select.select([], [writer], [], 0)[1]:  # until the pipe is full
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.2)  # the frames after that, which are made in less, find no room
        os.close(writer)
        assert pipe.read() == filled + whole
        assert process.wait(PATIENCE) == 0
