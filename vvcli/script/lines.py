"""Records from lines of text, each as soon as its line is complete."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from vvcli.script.decode import MAX_BYTES, check_start, decode
from vvcli.script.record import Record


def read_lines(file: BinaryIO, name: str, first_index: int = 0) -> Iterator[Record]:
    """One record a line of UTF-8; a byte order mark is skipped, a bad line is a failed record.

    The file is read as it comes: a record is there before the next line is written.

    Raises:
        UsageError: the file does not begin like text.
    """
    check_start(file, name)
    for number, raw in enumerate(iter(lambda: file.readline(MAX_BYTES), b""), start=1):
        source = f"{name}:{number}"
        if len(raw) == MAX_BYTES and not raw.endswith(b"\n"):
            error: str | None = f"{source}: the line is longer than {MAX_BYTES} bytes: split it"
            yield Record(first_index + number - 1, "", source, error=error)
            _skip_line(file)
            continue
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        text, error = decode(raw.rstrip(b"\r\n"), source)
        yield Record(first_index + number - 1, text, source, error=error)


def split_lines(text: str, name: str) -> Iterator[Record]:
    """The same for text that is already there, undecodable bytes in it as surrogates."""
    return read_lines(io.BytesIO(text.encode("utf-8", "surrogateescape")), name)


def _skip_line(file: BinaryIO) -> None:
    while (raw := file.readline(MAX_BYTES)) and not raw.endswith(b"\n"):
        pass
