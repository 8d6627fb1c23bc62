"""The inputs of one command, one after the other, as one run of records."""

from __future__ import annotations

import io
import os
import select
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vvcli.errors import UsageError
from vvcli.script.choose import Form, records_from
from vvcli.script.record import Record

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def check_files(paths: Iterable[Path]) -> None:
    """Open each input once, so that a wrong name is said before any work.

    Raises:
        UsageError: a file cannot be read.
    """
    for path in paths:
        if str(path) == "-":
            continue
        try:
            # A pipe stays unopened: its writer would see the reader leave.
            if path.is_dir() or not path.is_fifo():
                with path.open("rb"):
                    pass
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from error


def open_stdin(stdin: int | io.BufferedReader) -> io.BufferedReader:
    """The descriptor `stdin` as a file, unless it is one.

    A descriptor of our own: a reader that is still blocked at exit must not hold a lock that the
    interpreter takes.
    """
    if isinstance(stdin, io.BufferedReader):
        return stdin
    return io.BufferedReader(_WaitingFile(os.dup(stdin), "rb"))


class _WaitingFile(io.FileIO):
    """A descriptor that is read to its end, whether or not it is set to block.

    Another process that shares the pipe may have made it non-blocking, as Node.js and ssh do.
    Python would then take a pause of the writer for the end of the text.
    """

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill `buffer` with what there is, at least a byte; 0 at the end."""
        while (size := super().readinto(buffer)) is None:
            is_readable(self.fileno())
        return size


def is_readable(descriptor: int, timeout_ms: int | None = None) -> bool:
    """Wait until `descriptor` can be read; false if it cannot after `timeout_ms`."""
    poll = select.poll()  # `select.select` fails from descriptor 1024 on
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(timeout_ms))


def read_files(
    paths: Iterable[Path],
    stdin: int | io.BufferedReader = 0,
    form: Form = Form.LINES,
    *,
    delimiter: str = "|",
    pause: float = 0.3,
) -> Iterator[Record]:
    """Records of all files in order, numbered through; `-` is `stdin`, which is closed at its end.

    See `records_from` for the other arguments.

    Raises:
        UsageError: a file cannot be read (any more).
    """
    index = 0
    for path in paths:
        is_stdin = str(path) == "-"
        name = "stdin" if is_stdin else str(path)
        try:
            with open_stdin(stdin) if is_stdin else path.open("rb") as file:
                found = records_from(file, name, form, index, delimiter=delimiter, pause=pause)
                for record in found:
                    yield record
                    index = record.index + 1
        except OSError as error:
            raise UsageError(f"cannot read {name}: {error.strerror}") from error
