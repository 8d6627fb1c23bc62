"""Records from lines of text, each as soon as its line is complete."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from vvcli.script.record import Record

# What a line may not hold: controls that no text has and every binary file has.
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def read_lines(file: BinaryIO, name: str, first_index: int = 0) -> Iterator[Record]:
    """One record a line of UTF-8; a byte order mark is skipped, a bad line is a failed record.

    The file is read as it comes: a record is there before the next line is written.
    """
    for number, raw in enumerate(iter(file.readline, b""), start=1):
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        source = f"{name}:{number}"
        text, error = _decode(raw.rstrip(b"\r\n"), source)
        yield Record(first_index + number - 1, text, source, error=error)


def split_lines(text: str, name: str) -> Iterator[Record]:
    """The same for text that is already there."""
    for index, line in enumerate(text.split("\n")):
        source = f"{name}:{index + 1}"
        control = _BINARY.search(line)
        error = _control(source, control) if control else None
        yield Record(index, "" if error else line, source, error=error)


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
