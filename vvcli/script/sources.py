"""The inputs of one command, each in its form, one after the other, as one run of records."""

from __future__ import annotations

import io
import os
import select
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from vvcli.errors import UsageError
from vvcli.script.delimited import read_delimited
from vvcli.script.jsonl import read_jsonl
from vvcli.script.lines import read_lines
from vvcli.script.markdown import read_markdown
from vvcli.script.null import read_null
from vvcli.script.paragraphs import read_paragraphs
from vvcli.script.record import Record

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Form(Enum):
    """The forms of input, by what separates records."""

    LINES = "lines"
    NULL = "null"
    PARAGRAPHS = "paragraphs"
    JSONL = "jsonl"
    DELIMITED = "delimited"
    MARKDOWN = "markdown"
    EPUB = "epub"
    FOLLOW = "follow"


def form_of(path: PurePath, form: Form) -> Form:
    """The form of a file: EPUB by its suffix, as nothing else can be in it, or else `form`."""
    return Form.EPUB if path.suffix.lower() == ".epub" else form


def records_from(
    file: io.BufferedReader | io.BytesIO,
    name: str,
    form: Form = Form.LINES,
    first_index: int = 0,
    *,
    delimiter: str = "|",
    pause: float = 0.3,
) -> Iterator[Record]:
    """The records of `file`, each as soon as it is complete, numbered from `first_index`.

    Args:
        file: opened for bytes; for FOLLOW, one with a descriptor from which nothing was read.
        name: what messages call it.
        form: how records are kept apart.
        first_index: index of the first record.
        delimiter: ends the id in a DELIMITED line.
        pause: seconds of silence after which FOLLOW takes what is there.
    """
    match form:
        case Form.LINES:
            return read_lines(file, name, first_index)
        case Form.NULL:
            return read_null(file, name, first_index)
        case Form.PARAGRAPHS:
            return read_paragraphs(file, name, first_index)
        case Form.JSONL:
            return read_jsonl(file, name, first_index)
        case Form.DELIMITED:
            return read_delimited(file, name, first_index, delimiter)
        case Form.MARKDOWN:
            return read_markdown(file, name, first_index)
        case Form.EPUB:
            from vvcli.script.epub.book import read_epub  # zipfile and all that it imports

            return read_epub(file, name, first_index)
        case Form.FOLLOW:
            # Only here: the sentence library is a shared object of megabytes.
            from vvcli.script.follow import read_follow

            return read_follow(file.fileno(), name, first_index, pause)


def read_files(
    paths: Iterable[Path],
    stdin: int | io.BufferedReader = 0,
    form: Form = Form.LINES,
    *,
    delimiter: str = "|",
    pause: float = 0.3,
) -> Iterator[Record]:
    """Records of all files in order, numbered through; `-` is `stdin`, which is closed at its end.

    Files that end in `.epub` are read as books, all others in `form`. See `records_from` for the
    other arguments.

    Raises:
        UsageError: a file cannot be read (any more).
    """
    index = 0
    for path in paths:
        is_stdin = str(path) == "-"
        name = "stdin" if is_stdin else str(path)
        try:
            with open_stdin(stdin) if is_stdin else path.open("rb") as file:
                own = form_of(path, form)
                found = records_from(file, name, own, index, delimiter=delimiter, pause=pause)
                for record in found:
                    yield record
                    index = record.index + 1
        except OSError as error:
            raise UsageError(f"cannot read {name}: {error.strerror}") from error


def refuse_failed(records: Iterable[Record]) -> list[Record]:
    """All of `records`, for a manifest that can be read to its end before work begins.

    Raises:
        UsageError: one of them has failed.
    """
    found = []
    for record in records:
        if record.error is not None:
            raise UsageError(record.error)
        found.append(record)
    return found


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
