"""Whether a value in the config file is one that an option takes, by the option's own type."""

from __future__ import annotations

from typing import Any

import click

# click's names of the types of numbers, and of those among them that are whole. Every other type
# takes text.
NUMBERS = {"integer", "integer range", "float", "float range", "number"}
WHOLE = {"integer", "integer range"}


def checked(option: click.Option, value: object) -> object:
    """`value` as the default of `option`; its type is then right, and its range too.

    TOML says what is a number and what is text, so neither is taken for the other: a voice 3 is a
    mistake, and so is a seed "5".

    Raises:
        ValueError: it is not; the message goes on after the option's name.
    """
    if option.is_flag:
        # A word besides true, which stands for the flag's own.
        words = option.type.choices if isinstance(option.type, click.Choice) else ()
        if value in words:
            return value
        if type(value) is not bool:
            *listed, last = ["true", "false", *(f'"{word}"' for word in words)]
            raise ValueError(f"must be {', '.join(listed)} or {last}")
        return value if option.is_bool_flag else (option.flag_value if value else None)
    if not option.multiple:
        return _checked(option, value)
    if type(value) is not list:
        raise ValueError("must be a list")
    return [_checked(option, item) for item in value]


def _checked(option: click.Option, value: object) -> object:
    kind = option.type
    is_number = type(value) in (int, float)
    if kind.name not in NUMBERS:
        if type(value) is not str:
            raise ValueError("must be text, in quotes")
        if "\0" in value:
            raise ValueError("has a NUL character")
    elif not is_number and type(value) is not str:
        raise ValueError(f"must be a {_described(kind)}")
    try:
        converted = kind.convert(value, option, None)
    except click.BadParameter as error:
        raise ValueError(_reason(kind, value, error.message)) from None
    except (ValueError, OverflowError, TypeError):
        raise ValueError(f"must be a {_described(kind)}") from None
    # A word such as "auto" may stand for a number; a number in quotes may not.
    if kind.name in NUMBERS and (type(converted) is str) is is_number:
        raise ValueError(f"must be a {_described(kind)}")
    if _is_whole(kind) and type(value) is float:
        raise ValueError(f"must be a {_described(kind)}")
    return value


def _reason(kind: click.ParamType[Any], value: object, message: str) -> str:
    """What is wrong with a value that `kind` refuses."""
    if kind.name in NUMBERS and type(value) not in (int, float):
        return f"must be a {_described(kind)}"
    if _is_whole(kind) and type(value) is not int:
        return f"must be a {_described(kind)}"
    return f"is wrong: {message}"


def _described(kind: click.ParamType[Any]) -> str:
    return "whole number" if _is_whole(kind) else "number"


def _is_whole(kind: click.ParamType[Any]) -> bool:
    return kind.name in WHOLE or bool(getattr(getattr(kind, "limits", None), "whole", False))
