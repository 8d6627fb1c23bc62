"""Records from paragraphs: lines that blank lines keep apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from vvcli.script.decode import MAX_BYTES
from vvcli.script.lines import read_lines
from vvcli.script.record import Record


def read_paragraphs(file: BinaryIO, name: str, first_index: int = 0) -> Iterator[Record]:
    """One record a paragraph, its lines joined by spaces; its source is its first line.

    A paragraph with a line that is not text is one failed record.
    """
    index = first_index
    paragraph = _Paragraph()
    for line in read_lines(file, name):
        if not line.is_blank:
            paragraph.add(line)
        elif paragraph.source:
            yield paragraph.record(index)
            index += 1
            paragraph = _Paragraph()
    if paragraph.source:
        yield paragraph.record(index)


class _Paragraph:
    def __init__(self) -> None:
        self.source = ""
        self._texts: list[str] = []
        self._size = 0
        self._error: str | None = None

    def add(self, line: Record) -> None:
        self.source = self.source or line.source
        self._size += len(line.text) + 1
        self._error = self._error or line.error
        if self._error is None and self._size > MAX_BYTES:
            self._error = f"{self.source}: the paragraph is longer than {MAX_BYTES} characters"
            self._error += ": split it with a blank line"
        if self._error is None:
            self._texts.append(line.text.strip())
        else:
            self._texts.clear()  # an endless paragraph must not fill the memory

    def record(self, index: int) -> Record:
        return Record(index, " ".join(self._texts), self.source, error=self._error)
