"""The reader that an option asks for."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from enum import Enum

from vvcli.errors import UsageError
from vvcli.script.delimited import read_delimited
from vvcli.script.jsonl import read_jsonl
from vvcli.script.lines import read_lines
from vvcli.script.markdown import read_markdown
from vvcli.script.null import read_null
from vvcli.script.paragraphs import read_paragraphs
from vvcli.script.record import Record


class Form(Enum):
    """The forms of input, by what separates records."""

    LINES = "lines"
    NULL = "null"
    PARAGRAPHS = "paragraphs"
    JSONL = "jsonl"
    DELIMITED = "delimited"
    MARKDOWN = "markdown"
    FOLLOW = "follow"


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
        case Form.FOLLOW:
            # Only here: the sentence library is a shared object of megabytes.
            from vvcli.script.follow import read_follow

            return read_follow(file.fileno(), name, first_index, pause)


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
