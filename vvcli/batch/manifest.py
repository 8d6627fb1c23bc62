"""`manifest.jsonl`: a line for every file that was made or failed, and what resuming goes by.

Lines are only ever appended; the last one of a file counts. A line that was cut short, by a crash
or a power cut, can only be the last, and is cut off by the next run. A file of that name that
holds anything else belongs to another program, and is neither used nor changed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from vvcli.audio.descriptors import NO_LOCKS
from vvcli.batch.entry import ManifestEntry, is_start_of_entry
from vvcli.errors import OutputError, UsageError

FILE_NAME = "manifest.jsonl"

MAX_LINE = 256 << 20  # bytes; a file joined from many records has the text of all


class Entries(dict[str | int, ManifestEntry]):
    """The last entry of each file, by `ManifestEntry.key`.

    `made` holds the last one that stands for a file. It is not the last of all where the file was
    to be made again, and that failed, or it was kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, ManifestEntry] = {}

    def add(self, entry: ManifestEntry) -> None:
        """Take in the next line."""
        self[entry.key] = entry
        if entry.has_file and entry.audio_filepath is not None:
            self.made[entry.audio_filepath] = entry


def read_entries(folder: Path) -> Entries:
    """The last entry of each file in the manifest of `folder`.

    Raises:
        UsageError: it is not a manifest of ours.
        OutputError: it cannot be read.
    """
    path = folder / FILE_NAME
    try:
        with os.fdopen(_open(path, os.O_RDONLY), "rb") as file:
            return _read(file, path).entries
    except FileNotFoundError:
        return Entries()
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror}") from error


class Manifest:
    """The manifest of an output folder, locked and open for appending.

    `entries` holds the last one of each file, as it was when the manifest was opened.

    Raises:
        UsageError: another run has it, or it is not a manifest of ours.
        OutputError: from every method, when it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._descriptor = _open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        except OSError as error:
            raise self._error(error) from error
        try:
            self._lock()
            self.entries = self._repair()
        except BaseException:
            self.close()
            raise

    def append(self, entry: ManifestEntry, *, sync: bool = True) -> None:
        """Add `entry`; with `sync` it is on the disk when this returns.

        A file gets its name only after its entry is safe. So whatever has a name has an entry,
        and what a crash left between the two is found again by its hash.
        """
        line = entry.encode()
        try:
            written = os.write(self._descriptor, line)
            if written < len(line):  # the disk is full: the rest raises
                os.write(self._descriptor, line[written:])
            if sync:
                os.fdatasync(self._descriptor)
        except OSError as error:
            raise self._error(error) from error

    def close(self) -> None:
        """Let the next run have it."""
        with suppress(OSError):
            os.close(self._descriptor)

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"another vvcli is writing to {self.path.parent}", remedy="wait"
            ) from error
        except OSError as error:
            if error.errno not in NO_LOCKS:  # there, nothing guards against two runs
                raise self._error(error) from error

    def _repair(self) -> Entries:
        """Read all entries; end the last line if only its line break is missing, else cut it."""
        try:
            with os.fdopen(os.dup(self._descriptor), "rb") as file:
                content = _read(file, self.path)
            if content.end < content.size:
                os.ftruncate(self._descriptor, content.end)
            if content.lacks_break:
                os.write(self._descriptor, b"\n")
        except OSError as error:
            raise self._error(error) from error
        return content.entries

    def _error(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write to {self.path}: {error.strerror}")


@dataclass
class _Content:
    """Content of a manifest file."""

    entries: Entries = field(default_factory=Entries)
    end: int = 0  # bytes up to the end of the last entry
    size: int = 0  # bytes
    lacks_break: bool = False  # after the last entry


def _open(path: Path, flags: int) -> int:
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


def _read(file: BinaryIO, path: Path) -> _Content:
    content = _Content()
    for number, line in enumerate(_lines(file), start=1):
        content.size += len(line)
        # What a power cut leaves of bytes that did not reach the disk.
        whole = line if line.endswith(b"\n") else line.rstrip(b"\0")
        if entry := ManifestEntry.decode(whole):
            content.entries.add(entry)
            content.end += len(whole)
            content.lacks_break = not whole.endswith(b"\n")
        elif whole.endswith(b"\n") or not is_start_of_entry(whole):
            raise _not_ours(path, f"something else: line {number} is no entry of a manifest")
    return content


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE):
        yield line


def _not_ours(path: Path, kind: str) -> UsageError:
    return UsageError(f"{path} is not a manifest of vvcli but {kind}", remedy="move away")
