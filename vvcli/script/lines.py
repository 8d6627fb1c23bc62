"""Records from lines, each as soon as its line is there: of bytes, or of a list in Python."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from vvcli.script.decode import MAX_BYTES, check_start, decode
from vvcli.script.limits import CFG_SCALE, SEED, SPEED
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


def numbered(lines: Iterable[str | Record]) -> Iterator[Record]:
    """The records of `lines`; a string is one whose index is its place.

    Raises:
        TypeError: `lines` is one text, whose letters would be spoken one by one, or no iterable;
            or, when it is that one's turn, a line is neither str nor Record.
        ValueError: a record asks for a number that is out of its range, when it is its turn.
    """
    if isinstance(lines, str | bytes | bytearray | Record | Path):
        raise TypeError(f"lines is one {type(lines).__name__}: give a list, such as [text]")
    return _numbered(iter(lines))


def _numbered(lines: Iterator[str | Record]) -> Iterator[Record]:
    for index, line in enumerate(lines):
        if not isinstance(line, str | Record):
            raise TypeError(f"line {index} is of type {type(line).__name__}, not str or Record")
        if isinstance(line, str):
            yield Record(index, line)
            continue
        if line.seed is not None:
            SEED.check_named(f"line {index}: seed", line.seed)
        if line.cfg_scale is not None:
            CFG_SCALE.check_named(f"line {index}: cfg_scale", line.cfg_scale)
        if line.speed is not None:
            SPEED.check_named(f"line {index}: speed", line.speed)
        yield line


def _skip_line(file: BinaryIO) -> None:
    while (raw := file.readline(MAX_BYTES)) and not raw.endswith(b"\n"):
        pass
