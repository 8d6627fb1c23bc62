"""Keeps two runs from one manifest, and a run of the whole batch from running beside its shards.

Each run locks its own manifest, then looks whether a run that would make the same files holds
another one: of two that start at once, the later one sees the earlier.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

from vvcli.audio.descriptors import NO_LOCKS
from vvcli.errors import UsageError

MAX_OWNER = 1024  # bytes of a lock file that are read
MAX_ATTEMPTS = 10


def lock_manifest(descriptor: int, path: Path) -> bool:
    """Lock the manifest at `path` until `descriptor` is closed.

    Returns:
        False where the file system has no locks.

    Raises:
        UsageError: another run has it.
        OSError: it cannot be locked for another reason.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _busy(path) from error
    except OSError as error:
        if error.errno in NO_LOCKS:
            return False
        raise
    return True


def check_unlocked(path: Path) -> None:
    """Check that no run has the manifest at `path`, if there is one.

    Raises:
        UsageError: a run has it.
        OSError: it cannot be opened.
    """
    if (owner := _read_owner(lock_file_of(path))) is not None and not _is_gone(owner):
        raise _held(lock_file_of(path), owner)
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _busy(path) from error
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    finally:
        os.close(descriptor)


def lock_file_of(path: Path) -> Path:
    """The lock file of the manifest at `path`."""
    return path.with_name(f"{path.name}.lock")


class LockFile:
    """A file that says who writes a manifest, where the file system has no locks.

    It holds the host and the process. One that a crash on this host left is replaced; whether a
    process on another host is still there cannot be seen from here.

    Raises:
        UsageError: another process has it, or may have.
        OSError: it cannot be made.
    """

    def __init__(self, manifest: Path) -> None:
        self.path = lock_file_of(manifest)
        self._mine = f"{socket.gethostname()} {os.getpid()}\n".encode()
        for _ in range(MAX_ATTEMPTS):
            if self._create():
                return
            owner = _read_owner(self.path)
            if owner is None:  # let go of since
                continue
            if not _is_gone(owner):
                raise _held(self.path, owner)
            self._remove_stale(owner)
        raise _busy(manifest)

    def release(self) -> None:
        """Let the next run have it."""
        with suppress(OSError):
            if _read_owner(self.path) == self._mine:
                self.path.unlink()

    def _create(self) -> bool:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(self.path, flags, 0o666)
        except FileExistsError:
            return False
        try:
            os.write(descriptor, self._mine)
        finally:
            os.close(descriptor)
        return True

    def _remove_stale(self, owner: bytes) -> None:
        """Remove the file of a process that is gone, and not one that was made in the meantime."""
        aside = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        with suppress(FileNotFoundError):
            self.path.rename(aside)
            if _read_owner(aside) != owner:
                with suppress(FileExistsError):
                    os.link(aside, self.path)
            aside.unlink()


def _read_owner(path: Path) -> bytes | None:
    """The content of a lock file; none if there is none."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise
    try:
        return os.read(descriptor, MAX_OWNER)
    finally:
        os.close(descriptor)


def _is_gone(owner: bytes) -> bool:
    """Whether a lock file's owner was a process of this host that is there no more."""
    host, _, pid = owner.strip().rpartition(b" ")
    if host != socket.gethostname().encode() or not pid.isdigit() or len(pid) > 9:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return int(pid) == os.getpid()  # another one had this number


def _held(path: Path, owner: bytes) -> UsageError:
    host, _, pid = owner.decode("utf-8", "replace").strip().rpartition(" ")
    who = f"process {pid} on {host} is" if host else "someone is"
    return UsageError(
        f"{path} says that {who} writing there: wait for it, or remove the file if no vvcli is"
    )


def _busy(path: Path) -> UsageError:
    return UsageError(f"another vvcli is writing to {path.parent}", remedy="wait")
