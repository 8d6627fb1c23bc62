"""The Unix socket: for its owner alone, and free again however its server ended."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

from vvcli.errors import UnavailableError, UsageError

NAME = "vvcli.sock"
BACKLOG = 1024


def default_path() -> Path | None:
    """In the user's own folder for such files; None if the system gave none."""
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(folder) / NAME if Path(folder).is_absolute() else None


class UnixSocket:
    """A listening socket at `path`, which no other server has as long as this one lives.

    A lock in a file beside it, which the kernel releases when the process ends, tells a socket that
    is in use from one that was left behind. Both files are removed at the end, the lock while it is
    held: who has opened it by then sees that it is no longer there, and makes a new one.

    Raises:
        UnavailableError: a server is there already, or the path cannot be listened at.
        UsageError: another user could put something into the folder, or there is a file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _check_folder(path)
        self._lock_path = Path(f"{path}.lock")
        self._lock: int | None = self._take_lock()
        try:
            _remove_left_over(path)
            self.socket = self._listen()
            self._identity = _identity(path)
        except BaseException:
            self._leave_lock()
            raise

    def close(self) -> None:
        """Stop listening, and remove the files if they are still this socket's."""
        self.socket.close()
        if self._lock is None:
            return
        if _identity(self.path) == self._identity:
            with suppress(OSError):
                self.path.unlink()
        self._leave_lock()

    def _take_lock(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        while True:
            try:
                descriptor = os.open(self._lock_path, flags, 0o600)
            except OSError as error:
                sentence = f"cannot use {self._lock_path}: {error.strerror}"
                raise UnavailableError(sentence) from error
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(descriptor)
                raise UnavailableError(f"a server listens at {self.path} already") from error
            if _is_at(self._lock_path, descriptor):
                return descriptor
            os.close(descriptor)  # whose it was removed it meanwhile

    def _leave_lock(self) -> None:
        """Remove the lock, if it is still this one, and only then let go of it."""
        descriptor, self._lock = self._lock, None
        if descriptor is None:
            return
        if _is_at(self._lock_path, descriptor):
            with suppress(OSError):
                self._lock_path.unlink()
        os.close(descriptor)

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)  # it is never wider than 0600, not even for a moment
        try:
            listener.bind(str(self.path))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            reason = error.strerror or error
            raise UnavailableError(f"cannot listen at {self.path}: {reason}") from error
        finally:
            os.umask(mask)
        return listener


def _check_folder(path: Path) -> None:
    """Refuse a folder in which others could put a socket of the same name."""
    try:
        status = path.parent.stat()
    except OSError as error:
        raise UnavailableError(f"cannot listen at {path}: {error.strerror}") from error
    if status.st_uid not in (os.getuid(), 0) or status.st_mode & 0o022:
        raise UsageError(
            f"cannot listen at {path}: other users can write to its folder: "
            "name one that is yours alone"
        )


def _remove_left_over(path: Path) -> None:
    """Remove the socket of a server that has not lived to do so; its lock is ours."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode) or status.st_uid != os.getuid():
        raise UsageError(f"cannot listen at {path}: there is a file that is no socket of ours")
    if _answers(path):
        raise UnavailableError(f"a server listens at {path} already")
    path.unlink()


def _answers(path: Path) -> bool:
    """Whether somebody listens there who does not know of the lock."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        code = client.connect_ex(str(path))
    return code not in (errno.ECONNREFUSED, errno.ENOENT)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether `path` still names the file that is open as `descriptor`."""
    status = os.fstat(descriptor)
    return _identity(path) == (status.st_dev, status.st_ino)
