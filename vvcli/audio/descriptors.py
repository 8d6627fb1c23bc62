"""Descriptors: of folders, of what their names in /dev/fd stand for, and locks on them."""

from __future__ import annotations

import errno
import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path

# File systems without flock, such as some network ones.
NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}

_STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


def open_folder(path: Path | str, *, above: int | None = None, follow_links: bool = True) -> int:
    """A descriptor of a folder, for work on what it holds; `path` is relative to `above`."""
    flags = os.O_DIRECTORY | os.O_CLOEXEC | (0 if follow_links else os.O_NOFOLLOW)
    try:
        return os.open(path, flags | os.O_RDONLY, dir_fd=above)
    except PermissionError:  # files can be made in a folder that cannot be listed
        if not hasattr(os, "O_PATH"):
            raise
        return os.open(path, flags | os.O_PATH, dir_fd=above)


def refusal(place: Path) -> OSError:
    """Why nothing can be written to `place`, which `os.access` does not say."""
    is_read_only = os.statvfs(place).f_flag & os.ST_RDONLY
    number = errno.EROFS if is_read_only else errno.EACCES
    return OSError(number, os.strerror(number))


def lock(descriptor: int) -> bool | None:
    """Lock without waiting; false if another process has the lock, none without locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in NO_LOCKS:
            return None
        raise
    return True


def descriptor_of(path: str | Path) -> int | None:
    """The number of the descriptor that `path` is another name for, such as `/dev/stdout`."""
    name = os.path.normpath(path)
    if name in _STANDARD:
        return _STANDARD[name]
    folders = rf"dev/fd|proc/(?:self|thread-self|{os.getpid()})/fd"
    match = re.fullmatch(rf"/(?:{folders})/([0-9]{{1,9}})", name)
    return int(match[1]) if match else None


def is_stdout(name: str | None) -> bool:
    """Whether `name` means standard output: `-`, or one of the names of descriptor 1."""
    return name == "-" or (name is not None and descriptor_of(name) == 1)


def dup_inherited(number: int) -> int:
    """A copy of a descriptor that the process was given; none of those that it has opened itself.

    A summary for /dev/fd/5 must not be written into the manifest because that happens to have the
    number.
    """
    if fcntl.fcntl(number, fcntl.F_GETFD) & fcntl.FD_CLOEXEC:  # as Python opens all files
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return os.dup(number)


def open_with_any_rights(name: str, folder: int) -> int:
    """Open `name` in `folder` to read and write, or else for whichever of them is allowed.

    No link is followed, and no FIFO waited on.

    Raises:
        PermissionError: neither is allowed.
    """
    flags = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    for access in (os.O_RDWR, os.O_RDONLY):
        with suppress(PermissionError):
            return os.open(name, flags | access, dir_fd=folder)
    return os.open(name, flags | os.O_WRONLY, dir_fd=folder)
