"""Reads files that configure a run: regular ones only, and no more of them than they may hold.

A FIFO would make the program wait for ever, and a device such as /dev/zero fill the memory. Every
error is an `OSError` whose `strerror` completes the sentence "cannot read FILE: …", so that each
caller turns it into its own kind of error.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path


def open_regular(path: Path, *, follow_links: bool = True) -> io.BufferedReader:
    """Open the regular file `path` for reading, without ever waiting for a writer.

    Raises:
        OSError: it cannot be opened, is not a regular file, or is a link and `follow_links` is
            false.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        # Asked first: opening a device can have an effect of its own.
        _check_regular(path.stat(follow_symlinks=follow_links), path)
        descriptor = os.open(path, flags if follow_links else flags | os.O_NOFOLLOW)
    except ValueError as error:  # a NUL in the name, or half of a surrogate pair
        raise OSError(errno.EINVAL, "this cannot be the name of a file", str(path)) from error
    try:
        _check_regular(os.fstat(descriptor), path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bounded(path: Path, max_bytes: int, *, follow_links: bool = True) -> bytes:
    """The content of the regular file `path`.

    Raises:
        OSError: as `open_regular`, or the file is longer than `max_bytes`.
    """
    with open_regular(path, follow_links=follow_links) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"it is longer than {max_bytes} bytes", str(path))
    return content


def _check_regular(status: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "it is a link", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
