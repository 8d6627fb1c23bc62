"""What a record's fields may hold, as a line of JSON or a row of a table gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vvcli.script.decode import find_control, one_line
from vvcli.script.limits import CFG_SCALE, SEED, SILENCE, SPEED, Limits

Checks = dict[str, Callable[[Any], Any]]  # by field; ValueError says what a value is not


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


FIELDS: Checks = {
    "text": _text,
    "id": _name,
    "voice": _name,
    "output": _name,
    "seed": _number(SEED),
    "cfg_scale": _number(CFG_SCALE),
    "silence_after": _number(SILENCE),
    "speed": _number(SPEED),
}


def check_fields(given: Mapping[str, Any], checks: Checks = FIELDS) -> dict[str, Any]:
    """The arguments of `Record` for `given`, whose names are among those of `checks`.

    What is None is as good as absent, except for the text.

    Raises:
        ValueError: a value is wrong; the sentence names the field.
    """
    fields = {name: value for name, value in given.items() if value is not None or name == "text"}
    for name, value in fields.items():
        try:
            fields[name] = checks[name](value)
        except ValueError as error:
            raise ValueError(f'"{name}" {error}') from None
    return fields
