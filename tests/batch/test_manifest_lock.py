"""Where a file system has no locks, a file says who writes a manifest."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from vvcli.batch.manifest import Manifest
from vvcli.batch.manifest_lock import LockFile
from vvcli.batch.shards import Shard
from vvcli.errors import UsageError

SHARD = Shard(3, 16)
LOCK = "manifest.3-16.jsonl.lock"
HOST = socket.gethostname()


@pytest.fixture(autouse=True)
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)


def dead() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_two_runs_of_a_shard(tmp_path: Path) -> None:
    with Manifest(tmp_path, SHARD):
        assert (tmp_path / LOCK).read_text() == f"{HOST} {os.getpid()}\n"
        Manifest(tmp_path, Shard(4, 16)).close()
    assert not list(tmp_path.glob("*.lock*"))
    Manifest(tmp_path, SHARD).close()


@pytest.mark.parametrize("owner", [f"{HOST} 1\n", "elsewhere 123\n", "", "garbage", f"{HOST} x\n"])
@pytest.mark.parametrize("shard", [SHARD, None, Shard(1, 2)])
def test_a_run_that_may_be_there_is_in_the_way(
    tmp_path: Path, owner: str, shard: Shard | None
) -> None:
    Manifest(tmp_path, SHARD).close()
    (tmp_path / LOCK).write_text(owner)
    with pytest.raises(UsageError, match=r"\.lock says that .* writing there: wait for it, or"):
        Manifest(tmp_path, shard)
    assert (tmp_path / LOCK).read_text() == owner


@pytest.mark.parametrize("pid", [dead, os.getpid])
def test_what_a_crash_left_is_not(tmp_path: Path, pid: object) -> None:
    (tmp_path / LOCK).write_text(f"{HOST} {pid()}\n")  # type: ignore[operator]
    Manifest(tmp_path).close()
    with Manifest(tmp_path, SHARD):
        assert (tmp_path / LOCK).read_text() == f"{HOST} {os.getpid()}\n"
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.jsonl", SHARD.manifest}


def test_a_lock_that_another_has_just_taken_over_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / LOCK
    lock.write_text(f"{HOST} {dead()}\n")
    rename = Path.rename

    def late(self: Path, target: Path) -> Path:
        lock.write_text("elsewhere 1\n")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", late)
    with pytest.raises(UsageError, match="process 1 on elsewhere is writing there"):
        LockFile(tmp_path / SHARD.manifest)
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / LOCK).symlink_to("/etc/hostname")
    with pytest.raises(OSError, match="symbolic links"):
        LockFile(tmp_path / SHARD.manifest)
