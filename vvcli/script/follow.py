"""Records from text that flows: sentences as they end, and what is there when the flow pauses."""

from __future__ import annotations

import codecs
import os
import select
from collections.abc import Iterator

from vvcli.script.decode import check_head, decode
from vvcli.script.flow import MAX_FLOW, first_end
from vvcli.script.record import Record

_AT_ONCE = 1 << 16


def read_follow(
    descriptor: int, name: str, first_index: int = 0, pause: float = 0.3
) -> Iterator[Record]:
    """Records from a descriptor that a person or a language model writes to, piece by piece.

    A sentence is a record as soon as white space follows it, the rest of a line when its newline
    comes, and what is left without one when nothing has come for `pause` seconds. Where a
    sentence may go on in lower case, as after `"Why?"`, the next character is awaited. A blank
    line is a blank record. Cuts at sentence ends and newlines do not depend on how the bytes
    arrive; half of a character waits for its other half.

    A piece that is not text is a failed record. The source of a piece is its line, with the
    number of bytes before it, if there are any: "stdin:3 after byte 57".

    Raises:
        UsageError: the first bytes are not those of a text.
    """
    cutter = Cutter(name, first_index)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    wait: float | None = None
    is_first = True
    while True:
        if not poll.poll(wait):
            yield from cutter.pause()
            wait = None
            continue
        block = os.read(descriptor, _AT_ONCE)
        if not block:
            break
        if is_first:
            check_head(block, name)
            is_first = False
        yield from cutter.add(block)
        wait = pause * 1000
    yield from cutter.end()


class Cutter:
    """Cuts a flow of bytes into records."""

    def __init__(self, name: str, first_index: int) -> None:
        self._name = name
        self._index = first_index
        self._raw = b""  # of this line, not yet a record
        self._line = 1
        self._taken = 0  # bytes of this line that are records
        self._at_start = True

    def add(self, block: bytes) -> Iterator[Record]:
        """The records that end in what has come."""
        data = self._raw + block
        if self._at_start:
            self._at_start = data != codecs.BOM_UTF8 and codecs.BOM_UTF8.startswith(data)
            data = data.removeprefix(codecs.BOM_UTF8)
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._raw = line + b"\n"
            yield from self._sentences()
            if self._raw.strip() or not self._taken:
                yield self._take(len(self._raw))
            self._line += 1
            self._taken = 0
        self._raw = rest
        yield from self._sentences()

    def pause(self) -> Iterator[Record]:
        """The rest of the text, without an incomplete last character."""
        try:
            _, size = codecs.utf_8_decode(self._raw, "strict", False)
        except UnicodeDecodeError:
            size = len(self._raw)
        if self._raw[:size].strip():
            yield self._take(size)

    def end(self) -> Iterator[Record]:
        """The rest of the text."""
        if self._raw.strip():
            yield self._take(len(self._raw))

    def _sentences(self) -> Iterator[Record]:
        text = self._text()
        while end := first_end(text):
            yield self._take(len(text[:end].encode()))
            text = text[end:]
        if len(self._raw) > 4 * MAX_FLOW:  # no text, then: characters have four bytes at most
            yield self._take(len(self._raw))

    def _text(self) -> str:
        """The rest of the text, up to the first bytes that are not text."""
        try:
            return self._raw.decode()
        except UnicodeDecodeError as error:
            return self._raw[: error.start].decode()

    def _take(self, size: int) -> Record:
        place = f" after byte {self._taken}" if self._taken else ""
        source = f"{self._name}:{self._line}{place}"
        raw, self._raw = self._raw[:size], self._raw[size:]
        self._taken += size
        self._index += 1
        text, error = decode(raw, source)
        return Record(self._index - 1, text.strip(), source, error=error)
