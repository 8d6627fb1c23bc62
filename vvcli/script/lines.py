"""Records from lines of text, each as soon as its line is complete."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from vvcli.script.record import Record

# What a line may not hold: controls that no text has and every binary file has.
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")

# Bytes of a line, which no model's context holds; `/dev/zero` would otherwise fill the memory.
MAX_LINE = 1 << 20


def read_lines(file: BinaryIO, name: str, first_index: int = 0) -> Iterator[Record]:
    """One record a line of UTF-8; a byte order mark is skipped, a bad line is a failed record.

    The file is read as it comes: a record is there before the next line is written.
    """
    for number, raw in enumerate(iter(lambda: file.readline(MAX_LINE), b""), start=1):
        source = f"{name}:{number}"
        if len(raw) == MAX_LINE and not raw.endswith(b"\n"):
            error: str | None = f"{source}: the line is longer than {MAX_LINE} bytes: split it"
            yield Record(first_index + number - 1, "", source, error=error)
            _skip_line(file)
            continue
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        text, error = _decode(raw.rstrip(b"\r\n"), source)
        yield Record(first_index + number - 1, text, source, error=error)


def split_lines(text: str, name: str) -> Iterator[Record]:
    """The same for text that is already there, undecodable bytes in it as surrogates."""
    return read_lines(io.BytesIO(text.encode("utf-8", "surrogateescape")), name)


def _skip_line(file: BinaryIO) -> None:
    while (raw := file.readline(MAX_LINE)) and not raw.endswith(b"\n"):
        pass


def _decode(raw: bytes, source: str) -> tuple[str, str | None]:
    """The text of a line and no error, or no text and the error."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte {error.start + 1} (0x{raw[error.start]:02x})"
        return "", f"{source}: {byte} is not UTF-8: convert the text first, for example with iconv"
    control = _BINARY.search(text)
    return ("", _control(source, control)) if control else (text, None)


def _control(source: str, found: re.Match[str]) -> str:
    place = f"character {found.start() + 1} (0x{ord(found[0]):02x})"
    return f"{source}: {place} is a control character: this is not text"
