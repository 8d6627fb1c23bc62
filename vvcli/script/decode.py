"""Bytes to text, or to the sentence that says where they are not text."""

from __future__ import annotations

import re

# What text may not hold: controls that no text has and every binary file has.
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")

# White space around a line break of any script.
_BREAK = re.compile(r"\s*[\n\r\v\f\x85\u2028\u2029]\s*")

# Bytes of a record, which no model's context holds; `/dev/zero` would otherwise fill the memory.
MAX_BYTES = 1 << 20


def decode(raw: bytes, source: str) -> tuple[str, str | None]:
    """The text of `raw` and no error, or no text and the error."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte {error.start + 1} (0x{raw[error.start]:02x})"
        return "", f"{source}: {byte} is not UTF-8: convert the text first, for example with iconv"
    found = find_control(text)
    return ("", f"{source}: {found}: this is not text") if found else (text, None)


def find_control(text: str) -> str | None:
    """Says where `text` holds a control character that no text has."""
    found = _BINARY.search(text)
    if found is None:
        return None
    return f"character {found.start() + 1} (0x{ord(found[0]):02x}) is a control character"


def one_line(text: str) -> str:
    """`text` with each line break as a space: the model learned from single lines."""
    return _BREAK.sub(" ", text).strip()
