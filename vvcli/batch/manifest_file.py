"""A manifest file as it is read: opened safely, line by line."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vvcli.batch.entry import ManifestEntry, is_start_of_entry
from vvcli.errors import UsageError

MAX_LINE = 256 << 20  # bytes; a file joined from many records has the text of all


@dataclass
class Extent:
    """How far the entries of a manifest go."""

    end: int = 0  # bytes up to the end of the last entry
    size: int = 0  # bytes
    lacks_break: bool = False  # after the last entry


def open_manifest(path: Path, flags: int) -> int:
    """Open the manifest, which is never a link, and never something to wait for."""
    flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        # Asked first: opening a device can have an effect of its own.
        _check_kind(path.lstat().st_mode, path)
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link since then
            raise _not_ours(path, "a link") from error
        raise
    try:
        _check_kind(os.fstat(descriptor).st_mode, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_kind(mode: int, path: Path) -> None:
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe"}
        raise _not_ours(path, kinds.get(stat.S_IFMT(mode), "not a regular file"))


def read_manifest(file: BinaryIO, path: Path, add: Callable[[ManifestEntry], None]) -> Extent:
    """Pass every entry to `add`, in order; a last line that was cut short is none.

    Raises:
        UsageError: there is something else in the file, which is called `path`.
    """
    extent, number = Extent(), 0
    while line := file.readline(MAX_LINE):
        number += 1
        extent.size += len(line)
        # What a power cut leaves of bytes that did not reach the disk.
        whole = line if line.endswith(b"\n") else line.rstrip(b"\0")
        if entry := ManifestEntry.decode(whole):
            add(entry)
            extent.end += len(whole)
            extent.lacks_break = not whole.endswith(b"\n")
        elif whole.endswith(b"\n") or not is_start_of_entry(whole):
            raise _not_ours(path, f"something else: line {number} is no entry of a manifest")
    return extent


def _not_ours(path: Path, kind: str) -> UsageError:
    return UsageError(f"{path} is not a manifest of vvcli but {kind}", remedy="move away")
