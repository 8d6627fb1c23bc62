"""`NAME.part`: one writer, no link followed, no FIFO waited on, rights kept."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vvcli.audio import descriptors, part_file
from vvcli.audio.output_file import FileOutput, check_output, open_output, write_file
from vvcli.audio.part_file import PartFile
from vvcli.errors import OutputError, UsageError


def write(path: Path, data: bytes = b"new") -> None:
    with FileOutput(path) as out:
        out.write(data)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- what stands where the .part goes


def link(part: Path, other: Path) -> None:
    part.symlink_to(other)


def dangling(part: Path, other: Path) -> None:
    part.symlink_to(other.with_name("gone"))


def loop(part: Path, other: Path) -> None:
    part.symlink_to(part.name)


def hard_link(part: Path, other: Path) -> None:
    part.hardlink_to(other)


def fifo(part: Path, other: Path) -> None:
    os.mkfifo(part)


def unix_socket(part: Path, other: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(part))


def leftover(part: Path, other: Path) -> None:
    part.write_bytes(b"what a longer run has left")


def without_rights(part: Path, other: Path) -> None:
    part.write_bytes(b"left")
    part.chmod(0o200)


@pytest.mark.parametrize(
    "plant", [link, dangling, loop, hard_link, fifo, unix_socket, leftover, without_rights]
)
def test_what_has_the_name_of_the_part_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Callable[[Path, Path], None]
) -> None:
    monkeypatch.chdir(tmp_path)  # the address of a socket is short
    precious = Path("precious")
    precious.write_bytes(b"precious")
    plant(Path("out.part"), precious)
    write(Path("out"))
    assert sorted(map(str, Path().iterdir())) == ["out", "precious"]
    assert Path("out").read_bytes() == b"new"
    assert not Path("out").is_symlink()
    assert precious.read_bytes() == b"precious"


def test_a_folder_of_the_name_of_the_part_is_named(tmp_path: Path) -> None:
    (tmp_path / "out.part").mkdir()
    with pytest.raises(OutputError, match=r"out\.part: Is a directory"):
        write(tmp_path / "out")


def test_a_link_planted_while_it_is_written_is_not_published(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    out = FileOutput(tmp_path / "out")
    out.write(b"new")
    (tmp_path / "out.part").unlink()
    (tmp_path / "out.part").symlink_to("precious")
    with pytest.raises(OutputError, match="another program has removed or replaced"):
        out.finish()
    assert not (tmp_path / "out").is_symlink()
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_link_planted_at_the_name_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    out = FileOutput(tmp_path / "out")
    out.write(b"new")
    (tmp_path / "out").symlink_to("precious")
    out.finish()
    assert not (tmp_path / "out").is_symlink()
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_the_folder_may_be_renamed_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    out = FileOutput(tmp_path / "folder/out")
    out.write(b"new")
    (tmp_path / "folder").rename(tmp_path / "moved")
    (tmp_path / "folder").mkdir()
    out.finish()
    assert (tmp_path / "moved/out").read_bytes() == b"new"
    assert list((tmp_path / "folder").iterdir()) == []


# --- two writers


def test_a_second_writer_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with FileOutput(path) as out:
        out.write(b"first")
        for opener in (FileOutput, open_output, PartFile, PartFile.adopt):
            with pytest.raises(UsageError, match=f"another vvcli is writing {path}"):
                opener(path)
        with pytest.raises(UsageError):
            write_file(path, b"second")
        assert (tmp_path / "out.part").read_bytes() == b"first"
    assert path.read_bytes() == b"first"
    write(path, b"second")
    assert path.read_bytes() == b"second"


def test_the_lock_goes_with_the_writer(tmp_path: Path) -> None:
    for end in (FileOutput.abandon, FileOutput.discard):
        out = FileOutput(tmp_path / "out")
        out.write(b"some")
        end(out)
        assert (tmp_path / "out.part").exists() == (end is FileOutput.abandon)
        write(tmp_path / "out")


@pytest.mark.parametrize("step", ["open", "lock"])
def test_a_file_made_or_taken_between_two_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Another process is as far as it can be at the worst moment."""
    path, part = tmp_path / "out", tmp_path / "out.part"
    real_open, real_lock = os.open, descriptors.lock
    other: list[PartFile] = []

    def opening(name: str, flags: int, *args: int, **named: int) -> int:
        if flags & os.O_EXCL and not other:
            other.append(PartFile.__new__(PartFile))
            monkeypatch.undo()
            other[0].__init__(path)  # type: ignore[misc]
        return real_open(name, flags, *args, **named)

    def locking(descriptor: int) -> bool | None:
        monkeypatch.undo()
        part.unlink()  # taken for what a crash left
        other.append(PartFile(path))
        return real_lock(descriptor)

    if step == "open":
        monkeypatch.setattr(os, "open", opening)
    else:
        monkeypatch.setattr(part_file, "lock", locking)
    with pytest.raises(UsageError, match="another vvcli is writing"):
        PartFile(path)
    other[0].sync()
    other[0].publish()
    assert path.exists()


def test_a_part_that_gets_its_name_while_it_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, part = tmp_path / "out", tmp_path / "out.part"
    part.write_bytes(b"whole")
    real = descriptors.lock

    def locking(descriptor: int) -> bool | None:
        monkeypatch.undo()
        part.rename(path)
        return real(descriptor)

    monkeypatch.setattr(part_file, "lock", locking)
    mine = PartFile(path)
    assert path.read_bytes() == b"whole"
    mine.discard()


def test_without_locks_a_part_that_is_there_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    write(tmp_path / "out", b"first")
    assert (tmp_path / "out").read_bytes() == b"first"
    (tmp_path / "out.part").write_bytes(b"somebody's")
    with pytest.raises(UsageError, match=r"out\.part is there, and this file system cannot tell"):
        write(tmp_path / "out")
    assert (tmp_path / "out.part").read_bytes() == b"somebody's"
    (tmp_path / "out.part").unlink()
    write(tmp_path / "out", b"second")
    assert (tmp_path / "out").read_bytes() == b"second"


RACE = """
import os, sys
from pathlib import Path
from vvcli.audio.output_file import FileOutput
from vvcli.errors import UsageError
path, me = Path(sys.argv[1]), sys.argv[2].encode()
whole = refused = 0
while whole + refused < 100:
    try:
        with FileOutput(path) as out:
            for _ in range(5):
                out.write(me * 1000)
        whole += 1
        data = path.read_bytes()
        assert len(data) == 5000 and len(set(data)) == 1, (len(data), set(data))
    except UsageError as error:
        assert "another vvcli is writing" in str(error), error
        refused += 1
print(whole, refused)
"""


def test_processes_that_race_publish_whole_files_only(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RACE, str(tmp_path / "out")]
    racing = [
        subprocess.Popen([*command, name], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for name in "abc"
    ]
    whole = 0
    for process in racing:
        found, errors = process.communicate(timeout=100)
        assert (process.returncode, errors) == (0, b""), errors.decode()
        whole += int(found.split()[0])
    assert whole
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


KILLED = """
import sys
from pathlib import Path
from vvcli.audio.output_file import FileOutput
while True:
    with FileOutput(Path(sys.argv[1])) as out:
        for _ in range(50):
            out.write(b"x" * 100)
"""


def test_killed_at_any_moment_it_is_whole_and_the_next_one_writes(tmp_path: Path) -> None:
    path = tmp_path / "out"
    chance = random.Random(1)  # noqa: S311 - repeatable, not secret
    for _ in range(int(os.environ.get("VVCLI_CRASH_RUNS", "3"))):
        command = [sys.executable, "-c", KILLED, str(path)]
        with subprocess.Popen(command) as process:
            while not path.exists() and process.poll() is None:
                pass
            try:
                process.wait(chance.uniform(0, 0.05))
            except subprocess.TimeoutExpired:
                process.kill()
        assert path.read_bytes() == b"x" * 5000
        write(path)
        path.unlink()
        assert list(tmp_path.iterdir()) == []


# --- rights


@pytest.mark.parametrize("rights", [0o600, 0o640, 0o644, 0o666, 0o755, 0o200])
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_a_file_that_is_replaced_keeps_its_rights(tmp_path: Path, rights: int, umask: int) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    path.chmod(rights)
    before = os.umask(umask)
    try:
        with FileOutput(path) as out:
            assert mode(tmp_path / "out.part") & ~rights == 0  # never wider, not even for a while
            out.write(b"new")
    finally:
        os.umask(before)
    assert mode(path) == rights


def test_rights_that_are_taken_away_meanwhile_stay_away(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with FileOutput(path) as out:
        out.write(b"new")
        path.chmod(0o600)
    assert mode(path) == 0o600


def test_no_rights_of_another_user_are_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    path.chmod(0o4755)
    write(path)
    assert mode(path) == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_owner_and_group_are_kept_where_they_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    path.chmod(0o660)
    os.chown(path, 1234, 2345)
    write(path)
    status = path.stat()
    assert (status.st_uid, status.st_gid, mode(path)) == (1234, 2345, 0o660)

    def refuse(*_: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    write(path)
    # Another group must not read what the old one could.
    assert mode(path) == 0o600


def test_an_access_list_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    # Version 2; user::rw-, user:1234:r--, group::---, mask::r--, other::---
    entries = [(1, 6, -1), (2, 4, 1234), (4, 0, -1), (16, 4, -1), (32, 0, -1)]
    access_list = (2).to_bytes(4, "little") + b"".join(
        tag.to_bytes(2, "little") + bits.to_bytes(2, "little") + (who % 2**32).to_bytes(4, "little")
        for tag, bits, who in entries
    )
    try:
        os.setxattr(path, "system.posix_acl_access", access_list)
    except (OSError, AttributeError):
        pytest.skip("no access lists on this file system")
    write(path)
    assert os.getxattr(path, "system.posix_acl_access") == access_list
    assert mode(path) == 0o640


# --- links as the name itself


def test_no_link_to_a_file_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    for target in ("precious", "gone", "link"):
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to(target)
        for opener in (open_output, check_output):
            with pytest.raises((UsageError, OutputError), match=r"link is a link|symbolic links"):
                opener(tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "precious"]


def test_a_link_to_a_device_or_a_pipe_is_that(tmp_path: Path) -> None:
    (tmp_path / "null").symlink_to(os.devnull)
    with open_output(tmp_path / "null") as out:
        out.write(b"gone")
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    for name in (f"/dev/fd/{writer}", f"/proc/self/fd/{writer}", f"/dev//fd/./{writer}"):
        with open_output(Path(name)) as out:
            out.write(b"x")
    os.close(writer)
    assert os.read(reader, 100) == b"xxx"
    assert os.read(reader, 100) == b""
    os.close(reader)


def test_a_descriptor_is_written_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("ab") as log:
        log.write(b"before ")
        log.flush()
        os.set_inheritable(log.fileno(), True)
        write_file(Path(f"/dev/fd/{log.fileno()}"), b"new ")
        log.write(b"after")
    assert path.read_bytes() == b"before new after"
    with pytest.raises(OutputError, match="/dev/fd/999: Bad file descriptor"):
        open_output(Path("/dev/fd/999"))


def test_a_leftover_of_another_user_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In /tmp, nobody can remove another's files."""

    def refuse(path: str, **_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), path)

    (tmp_path / "a.wav.part").touch()
    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(OutputError, match="part is there and cannot be removed: Operation"):
        PartFile(tmp_path / "a.wav")


def test_a_descriptor_of_our_own_is_nobodys_output(tmp_path: Path) -> None:
    """Else `--summary /dev/fd/4` could end up in the manifest."""
    with (tmp_path / "ours").open("wb") as file:
        for opener in (open_output, check_output):
            with pytest.raises(OutputError, match="Bad file descriptor"):
                opener(Path(f"/dev/fd/{file.fileno()}"))
    assert (tmp_path / "ours").read_bytes() == b""


def test_what_cannot_be_opened_is_found_before(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("", "missing/out", "file/out"):
        with pytest.raises(OutputError, match="cannot write to"):
            check_output(tmp_path / name)
    assert check_output(tmp_path / "new")
    assert check_output(tmp_path / "file")
    assert not check_output(Path(os.devnull))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_no_piece_of_a_small_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "out").write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OutputError, match="No space left"):
            write_file(tmp_path / "out", b"new")
    assert (tmp_path / "out").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1
