"""Records from lines of an id, a delimiter and a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from vvcli.script.lines import read_lines
from vvcli.script.record import Record


def read_delimited(
    file: BinaryIO, name: str, first_index: int = 0, delimiter: str = "|"
) -> Iterator[Record]:
    """One record a line `id|text`; the first delimiter splits, blank lines are no records.

    A line without a delimiter or without an id is a failed record, as one that is not text.

    Raises:
        ValueError: the delimiter is empty.
    """
    if not delimiter:
        raise ValueError("the delimiter is empty")
    index = first_index
    for line in read_lines(file, name):
        if not line.is_blank:
            yield _split(replace(line, index=index), delimiter)
            index += 1


def _split(line: Record, delimiter: str) -> Record:
    if line.error is not None:
        return line
    identifier, found, text = line.text.partition(delimiter)
    if not found:
        error = f"{line.source}: there is no {delimiter!r} in the line: write id{delimiter}text"
    elif not identifier.strip():
        error = f"{line.source}: the id before {delimiter!r} is empty: write id{delimiter}text"
    else:
        return replace(line, id=identifier.strip(), text=text.strip())
    return replace(line, text="", error=error)
