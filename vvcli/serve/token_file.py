"""The secret that clients over TCP have to show, in a file that its owner alone can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from vvcli.errors import UsageError, unreadable_as

MIN_LENGTH, MAX_LENGTH = 16, 1024


def read_token(path: Path) -> str:
    """The token in `path`: one line of printable ASCII.

    Raises:
        UsageError: it cannot be read, others can read it, or it holds no such line.
    """
    with unreadable_as(UsageError, f"the token file {path}"):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        descriptor = os.open(path, flags)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(f"the token file {path} is not a regular file")
            if status.st_uid != os.getuid() or status.st_mode & 0o077:
                raise UsageError(f"others can use the token file {path}: run `chmod 600 {path}`")
            content = os.read(descriptor, 2 * MAX_LENGTH)
        finally:
            os.close(descriptor)
    token = content.strip().decode("latin-1")
    if not (_is_word(token) and MIN_LENGTH <= len(token) <= MAX_LENGTH):
        raise UsageError(
            f"the token file {path} does not hold one word of {MIN_LENGTH} to {MAX_LENGTH} "
            f"characters: run `openssl rand -hex 32 > {path}`"
        )
    return token


def _is_word(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token
