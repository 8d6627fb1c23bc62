"""Records from JSON lines: a text, and what it asks for itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from vvcli.script.decode import find_control, one_line
from vvcli.script.limits import CFG_SCALE, SEED, SILENCE, SPEED, Limits
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
        if key not in _CHECKS:
            raise _BadLineError(f"unknown key {_quote(key)}: the keys are {', '.join(_CHECKS)}")
    if "text" not in value:
        raise _BadLineError('there is no "text"')
    fields = {key: item for key, item in value.items() if item is not None or key == "text"}
    for key, item in fields.items():
        try:
            fields[key] = _CHECKS[key](item)
        except ValueError as error:
            raise _BadLineError(f'"{key}" {error}') from None
    return fields


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


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError("is not a string")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        character = f"character {error.start + 1} (U+{ord(value[error.start]):04X})"
        raise ValueError(f"is not text: {character} is half of a surrogate pair") from None
    if found := find_control(value):
        raise ValueError(f"is not text: {found}")
    return one_line(value)


def _name(value: Any) -> str:
    text = _text(value)
    if not text:
        raise ValueError("is empty")
    if text != value:
        raise ValueError("has a line break, or space around it")
    return text


def _number(limits: Limits) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        try:
            return limits.check(value)
        except ValueError:  # without the value, which may be an object of any size
            raise ValueError(f"is not {limits}") from None

    return check


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "id": _name,
    "voice": _name,
    "output": _name,
    "seed": _number(SEED),
    "cfg_scale": _number(CFG_SCALE),
    "silence_after": _number(SILENCE),
    "speed": _number(SPEED),
}
