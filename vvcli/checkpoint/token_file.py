"""The secret that clients show to a server over TCP, in a file that its owner alone can use."""

from __future__ import annotations

import os
import re
from pathlib import Path

from vvcli.checkpoint.regular_file import open_regular
from vvcli.errors import UsageError, unreadable_as

MAX_BYTES = 2048

_TOKEN = re.compile(rb"[!-~]{16,1024}")


def read_token(path: Path, remedy: str) -> str:
    """The token in `path`: one word of 16 to 1024 characters of ASCII.

    Args:
        path: of the file.
        remedy: what to do where it holds no such word.

    Raises:
        UsageError: the file cannot be read, is a link, others can use it, or it holds no such word.
    """
    with (
        unreadable_as(UsageError, f"the token file {path}"),
        open_regular(path, follow_links=False) as file,
    ):
        status = os.fstat(file.fileno())
        content = file.read(MAX_BYTES).strip()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise UsageError(f"others can use the token file {path}: run `chmod 600 {path}`")
    if not _TOKEN.fullmatch(content):
        raise UsageError(
            f"the token file {path} does not hold one word of 16 to 1024 characters: {remedy}"
        )
    return content.decode("ascii")
