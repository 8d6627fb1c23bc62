"""Records that end in NUL, as `find -print0` and `xargs -0` write them."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator

from vvcli.script.decode import MAX_BYTES, check_start, decode, one_line
from vvcli.script.record import Record

_AT_ONCE = 1 << 16


def read_null(
    file: io.BufferedReader | io.BytesIO, name: str, first_index: int = 0
) -> Iterator[Record]:
    """One record up to each NUL, as soon as the NUL is there; what follows the last is one too.

    Line breaks inside a record are spoken as spaces. A byte order mark is skipped, and a record
    that is not text is a failed one. Its source is a number, as in "a.nul record 3".

    Raises:
        UsageError: the file does not begin like text.
    """
    check_start(file, name, nul_ends_records=True)
    for number, raw in enumerate(_split(file), start=1):
        source = f"{name} record {number}"
        index = first_index + number - 1
        if raw is None:
            error: str | None = f"{source} is longer than {MAX_BYTES} bytes: split it"
            yield Record(index, "", source, error=error)
            continue
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        text, error = decode(raw, source)
        yield Record(index, one_line(text), source, error=error)


def _split(file: io.BufferedReader | io.BytesIO) -> Iterator[bytes | None]:
    """The bytes up to each NUL; none in place of more than MAX_BYTES of them."""
    parts: list[bytes] = []
    size = 0
    # Unlike `read`, `read1` returns what a pipe has instead of waiting until the block is full.
    while block := file.read1(_AT_ONCE):
        *ended, rest = block.split(b"\0")
        for raw in ended:
            yield b"".join([*parts, raw]) if size + len(raw) <= MAX_BYTES else None
            parts.clear()
            size = 0
        size += len(rest)
        parts.append(rest)
        if size > MAX_BYTES:
            parts.clear()
    if size:
        yield b"".join(parts) if size <= MAX_BYTES else None
