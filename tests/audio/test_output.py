from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from vvcli.audio import output as output_module
from vvcli.audio.output import Output
from vvcli.audio.output_file import FileOutput, open_output
from vvcli.errors import OutputError


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe's ends; the writing one is the test's to close."""
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)


def break_off(out: Output, data: bytes) -> None:
    with out:
        out.write(data)
        raise ZeroDivisionError


# --- Output


@pytest.mark.parametrize("most", [1, 3, 1000])
def test_partial_writes_are_continued(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    reader, writer = pipe
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:most]))
    with Output(writer, "pipe") as out:
        out.write(b"0123456789")
        out.write(b"")
        out.write(b"ab")
    assert os.read(reader, 100) == b"0123456789ab"
    assert os.read(reader, 100) == b""  # closed


@pytest.mark.parametrize("is_high", [False, True], ids=["", "descriptor 1100"])
def test_a_full_pipe_that_does_not_block_is_waited_for(
    pipe: tuple[int, int], high_descriptor: Callable[[int], int], is_high: bool
) -> None:
    reader, writer = pipe
    if is_high:
        low, writer = writer, high_descriptor(writer)
        os.close(low)
    os.set_blocking(writer, False)
    data = os.urandom(1 << 20)
    received = bytearray()

    def read() -> None:
        while part := os.read(reader, 1 << 16):
            received.extend(part)

    with Output(writer, "pipe") as out:
        thread = threading.Thread(target=read)
        filled = 0
        while True:  # before anyone reads
            try:
                filled += os.write(writer, bytes(1 << 12))
            except BlockingIOError:
                break
        thread.start()
        out.write(data)
    thread.join()
    assert bytes(received) == bytes(filled) + data


@pytest.mark.skipif(
    not hasattr(fcntl, "F_SETPIPE_SZ"), reason="only on Linux has a pipe a size to ask for"
)
@pytest.mark.parametrize(("asked", "found"), [(1 << 14, 1 << 16), (1 << 17, 1 << 17)])
def test_a_pipe_is_made_larger_and_never_smaller(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch, asked: int, found: int
) -> None:
    reader, writer = pipe
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 1 << 16)
    monkeypatch.setattr(output_module, "PIPE_BYTES", asked)
    with Output(writer, "pipe"):
        assert fcntl.fcntl(reader, fcntl.F_GETPIPE_SZ) == found


def test_a_reader_that_left_is_a_broken_pipe() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError), Output(writer, "pipe") as out:
        out.write(b"x")


def test_what_cannot_be_written_is_named() -> None:
    with (
        pytest.raises(OutputError, match="cannot write to the disk: No space left on device"),
        Output(os.open("/dev/full", os.O_WRONLY), "the disk") as out,
    ):
        out.write(b"x")


def test_a_second_error_does_not_hide_the_first(tmp_path: Path) -> None:
    for out in (Output(os.dup(0), "gone"), FileOutput(tmp_path / "gone")):
        os.close(out._descriptor)
        with pytest.raises(ZeroDivisionError):
            break_off(out, b"")


def test_an_abandoned_output_is_left_alone(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    with Output(writer, "pipe") as out:
        out.abandon()
        os.dup2(reader, writer)  # someone else has the number now
    assert os.fstat(writer)
    os.close(writer)


def test_the_start_is_rewritten_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    descriptor = os.open(path, os.O_WRONLY)
    os.lseek(descriptor, 0, os.SEEK_END)
    with Output(descriptor, "file") as out:
        out.write(b"headbody")
        out.rewrite(0, b"HEAD")
        out.write(b"tail")
    assert path.read_bytes() == b"beforeHEADbodytail"


def test_the_start_stays_where_writes_append_or_cannot_seek(
    tmp_path: Path, pipe: tuple[int, int]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with Output(os.open(path, os.O_WRONLY | os.O_APPEND), "file") as out:
        out.write(b"headbody")
        out.rewrite(0, b"HEAD")
    assert path.read_bytes() == b"beforeheadbody"
    reader, writer = pipe
    with Output(writer, "pipe") as out:
        out.write(b"headbody")
        out.rewrite(0, b"HEAD")
    assert os.read(reader, 100) == b"headbody"


# --- FileOutput


def test_a_file_has_its_name_once_it_is_whole(tmp_path: Path) -> None:
    path, part = tmp_path / "out", tmp_path / "out.part"
    path.write_bytes(b"before")
    with FileOutput(path) as out:
        out.write(b"after")
        assert part.read_bytes() == b"after"
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"
    assert not part.exists()


@pytest.mark.parametrize("written", [b"", b"some"])
def test_an_error_leaves_the_part_and_the_old_file(tmp_path: Path, written: bytes) -> None:
    path, part = tmp_path / "out", tmp_path / "out.part"
    path.write_bytes(b"before")
    with pytest.raises(ZeroDivisionError):
        break_off(FileOutput(path), written)
    assert path.read_bytes() == b"before"
    assert part.exists() == bool(written)
    if written:
        assert part.read_bytes() == written


def test_an_older_part_is_started_again(tmp_path: Path) -> None:
    (tmp_path / "out.part").write_bytes(b"from a longer run")
    with FileOutput(tmp_path / "out") as out:
        out.write(b"new")
    assert (tmp_path / "out").read_bytes() == b"new"


@pytest.mark.parametrize("call", ["fsync", "close"])
def test_a_file_that_cannot_be_finished_has_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    real: Callable[[int], None] = getattr(os, call)

    def fail(descriptor: int) -> None:
        real(descriptor)
        raise OSError(5, "Input/output error")

    out = FileOutput(tmp_path / "out")
    out.write(b"audio")
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OutputError, match=r"cannot write to .*/out: Input/output error"), out:
        pass
    monkeypatch.undo()
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "out.part").read_bytes() == b"audio"


def test_the_umask_decides_who_may_read(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with FileOutput(tmp_path / "out") as out:
            out.write(b"audio")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o640


# --- open_output


def test_a_file_is_replaced_and_a_pipe_is_written_to(tmp_path: Path) -> None:
    assert isinstance(open_output(tmp_path / "out"), FileOutput)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with open_output(fifo) as out:
        assert not isinstance(out, FileOutput)
        out.write(b"audio")
    assert os.read(reader, 100) == b"audio"
    os.close(reader)
    assert fifo.is_fifo()


def test_a_read_only_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"before")
    path.chmod(0o444)
    if os.geteuid() == 0:  # who may write everywhere
        monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(OutputError, match="Permission denied"):
        open_output(path)
    assert path.read_bytes() == b"before"


def test_a_read_only_file_system_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mount = SimpleNamespace(f_flag=os.ST_RDONLY | os.ST_NOSUID)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    monkeypatch.setattr(os, "statvfs", lambda path: mount)
    with pytest.raises(OutputError, match="Read-only file system"):
        open_output(tmp_path / "out")


@pytest.mark.parametrize("name", ["missing/out", "", "x" * 300])
def test_what_cannot_be_opened_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match=f"cannot write to {tmp_path / name}: "):
        open_output(tmp_path / name)
