"""Option values that click has no type for."""

from __future__ import annotations

import math
from typing import Any

import click
from click.core import ParameterSource

MAX_STREAMS = 65536


class FiniteFloat(click.FloatRange):
    """A number in a range; `nan` and `inf`, which compare as they like, are not numbers here."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse and check `value`."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number


def parse_streams(_context: click.Context, _parameter: click.Parameter, value: str) -> int | str:
    """Callback of `--streams`: `auto` or a number."""
    if value == "auto":
        return value
    if not value.isdecimal() or not 1 <= int(value) <= MAX_STREAMS:
        raise click.BadParameter(
            f"{value!r} is neither 'auto' nor a number from 1 to {MAX_STREAMS}"
        )
    return int(value)


def was_typed(context: click.Context, name: str) -> bool:
    """Whether an option stands on the command line, not in the environment or config file."""
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE
