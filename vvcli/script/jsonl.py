"""Records from JSON lines: a text, and what it asks for itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from vvcli.script.fields import FIELDS, check_fields
from vvcli.script.lines import read_lines
from vvcli.script.record import Record


def read_jsonl(file: BinaryIO, name: str, first_index: int = 0) -> Iterator[Record]:
    """One record a line: `{"text", "id"?, "voice"?, "output"?, "seed"?, "cfg_scale"?, ...}`.

    A blank line is counted as a line and is no record. A line that is not such an object is a
    failed record: nothing in it is guessed, and an unknown or doubled key is an error. A key that
    is null is as good as absent, except for the text. Line breaks in the text are spoken as
    spaces.
    """
    index = first_index
    for line in read_lines(file, name):
        if line.is_blank:
            continue
        record = replace(line, index=index)
        if line.error is None:
            try:
                record = replace(record, **_fields(line.text))
            except _BadLineError as error:
                record = replace(record, text="", error=f"{line.source}: {error}")
        yield record
        index += 1


class _BadLineError(Exception):
    """A line is wrong; the message says how."""


def _fields(line: str) -> dict[str, Any]:
    """The fields of the record that `line` describes."""
    value = _parse(line)
    if type(value) is not dict:
        raise _BadLineError('this is not a JSON object: write {"text": "..."}')
    for key in value:
        if key not in FIELDS:
            raise _BadLineError(f"unknown key {_quote(key)}: the keys are {', '.join(FIELDS)}")
    if "text" not in value:
        raise _BadLineError('there is no "text"')
    try:
        return check_fields(value)
    except ValueError as error:
        raise _BadLineError(str(error)) from None


def _parse(line: str) -> Any:
    try:
        return json.loads(line, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise _BadLineError(f"this is not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise _BadLineError("this is not a record: it is nested too deeply") from None
    except ValueError:  # Python's own limit on the digits of an integer
        raise _BadLineError("this is not a record: a number in it is too long") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in pairs:
        if key in found:
            raise _BadLineError(f"the key {_quote(key)} is there twice")
        found[key] = item
    return found


def _constant(name: str) -> Any:
    raise _BadLineError(f"this is not JSON: {name} is no JSON number")


def _quote(key: str) -> str:
    return json.dumps(key if len(key) <= 40 else key[:40] + "...")
