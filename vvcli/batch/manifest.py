"""`manifest.jsonl`: a line for every file that was made or failed, and what resuming goes by.

Lines are only ever appended; the last one of a file counts. A line that was cut short, by a crash
or a power cut, can only be the last, and is cut off by the next run.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any

from vvcli.errors import OutputError, UsageError

FILE_NAME = "manifest.jsonl"

# File systems without flock, such as some network ones: there, nothing guards against two runs.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}


class Outcome(Enum):
    """How a file ended."""

    OK = "ok"
    FAILED = "failed"
    TRUNCATED = "truncated"  # there is a file, and it does not hold all of the text
    SKIPPED = "skipped"  # nothing to say, or another file of that name was to be kept


@dataclass(frozen=True)
class Entry:
    """A line of the manifest."""

    audio_filepath: str | None  # relative to the manifest; none where there was nothing to say
    duration: float  # seconds
    text: str
    id: str | None
    index: int  # of the (first) record in the run
    voice: str | None
    seed: int | None
    status: Outcome
    error: str | None
    frames: int  # samples
    size: int  # bytes of the file
    sha256: str | None  # of the file
    fingerprint: str

    @property
    def key(self) -> str | int:
        """What a later entry of the same file has in common with this one."""
        return self.index if self.audio_filepath is None else self.audio_filepath

    @property
    def has_file(self) -> bool:
        """Whether it stands for a file that was made."""
        return self.status in (Outcome.OK, Outcome.TRUNCATED) and self.audio_filepath is not None

    def encode(self) -> bytes:
        """The entry as a line."""
        values = asdict(self) | {"status": self.status.value}
        try:
            return json.dumps(values, ensure_ascii=False).encode() + b"\n"
        except UnicodeEncodeError:  # a file name that is not UTF-8
            return json.dumps(values).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Entry | None:
        """The entry in `line`, or none if that is something else. Unknown keys are ignored."""
        try:
            values = json.loads(line)
            known = {name: values[name] for name in _TYPES}
            known["status"] = Outcome(known["status"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        good = all(type(known[name]) in types for name, types in _TYPES.items())
        return cls(**known) if good else None


_NONE = type(None)
_TYPES: dict[str, tuple[type, ...]] = {
    "audio_filepath": (str, _NONE),
    "duration": (float, int),
    "text": (str,),
    "id": (str, _NONE),
    "index": (int,),
    "voice": (str, _NONE),
    "seed": (int, _NONE),
    "status": (Outcome,),
    "error": (str, _NONE),
    "frames": (int,),
    "size": (int,),
    "sha256": (str, _NONE),
    "fingerprint": (str,),
}
assert list(_TYPES) == [field.name for field in fields(Entry)]  # noqa: S101


Entries = dict[str | int, Entry]


def read_entries(folder: Path) -> Entries:
    """The last entry of each file in the manifest of `folder`; lines that are none are left out.

    Raises:
        OutputError: there is a manifest that cannot be read.
    """
    path = folder / FILE_NAME
    try:
        with path.open("rb") as file:
            return {entry.key: entry for entry in _decode_lines(file)}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror}") from error


class Manifest:
    """The manifest of an output folder, locked and open for appending.

    Raises:
        UsageError: another run has it.
        OutputError: from every method, when it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o666)
        except OSError as error:
            raise self._error(error) from error
        try:
            self._lock()
            self._repair()
        except BaseException:
            self.close()
            raise

    def append(self, entry: Entry, *, sync: bool = True) -> None:
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
                f"another vvcli is writing to {self.path.parent}: wait for it, or give another -d"
            ) from error
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise self._error(error) from error

    def _repair(self) -> None:
        """End the last line if it is whole but for its line break, else cut it off."""
        try:
            with os.fdopen(os.dup(self._descriptor), "rb") as file:
                end, tail = _last_line(file.seek(0, os.SEEK_END), file)
            if tail and Entry.decode(tail):
                os.write(self._descriptor, b"\n")
            elif tail:
                os.ftruncate(self._descriptor, end)
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write to {self.path}: {error.strerror}")


def _decode_lines(lines: Any) -> Iterator[Entry]:
    for line in lines:
        if entry := Entry.decode(line):
            yield entry


def _last_line(size: int, file: Any) -> tuple[int, bytes]:
    """Where the unfinished last line begins, and what there is of it."""
    start, tail = size, b""
    while start > 0 and b"\n" not in tail:
        step = min(start, 1 << 16)
        start -= step
        file.seek(start)
        tail = file.read(step) + tail
    kept, _, rest = tail.rpartition(b"\n")
    return (start + len(kept) + 1, rest) if b"\n" in tail else (start, tail)
