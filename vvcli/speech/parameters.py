"""Checks the arguments of `Synthesizer` before a model is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from vvcli.script.limits import CFG_SCALE, MAX_AHEAD, SEED, STEPS, STREAMS, Limits
from vvcli.script.record import Record

DTYPES = ("auto", "float32", "bfloat16", "float64")
SAMPLE_TYPES = ("float32", "int16")

_NUMBERS = {
    "streams": STREAMS,
    "steps": STEPS,
    "cfg_scale": CFG_SCALE,
    "seed": SEED,
    "max_ahead": MAX_AHEAD,
}
_OPTIONAL = ("cfg_scale", "max_ahead")
_WORDS: dict[str, Sequence[object]] = {
    "dtype": DTYPES,
    "sample_type": SAMPLE_TYPES,
    "split": (True, False),
    "deterministic": (True, False),
    "require_graphs": (True, False),
}


def check_parameters(**given: Any) -> None:
    """Check some of the keyword arguments of `Synthesizer`.

    Raises:
        ValueError: a number is out of its range, or a word is not one of those allowed.
    """
    for name, value in given.items():
        if name in _NUMBERS and not (name in _OPTIONAL and value is None):
            _check(name, _NUMBERS[name], value)
        elif name in _WORDS and value not in _WORDS[name]:
            raise ValueError(f"{name}: {value!r} is not one of {', '.join(map(str, _WORDS[name]))}")
        elif name in ("model", "voice", "device") and isinstance(value, str) and not value:
            raise ValueError(f"{name} is empty")


def numbered(lines: Iterable[str | Record]) -> Iterator[Record]:
    """The records of `lines`; a string is one whose index is its place.

    Raises:
        TypeError: `lines` is one text, whose letters would be spoken one by one, or no iterable;
            or, when it is that one's turn, a line is neither str nor Record.
        ValueError: a record asks for a number that is out of its range, when it is its turn.
    """
    if isinstance(lines, str | bytes | bytearray | Record | Path):
        raise TypeError(f"lines is one {type(lines).__name__}: give a list, such as [text]")
    return _numbered(iter(lines))


def _numbered(lines: Iterator[str | Record]) -> Iterator[Record]:
    for index, line in enumerate(lines):
        if not isinstance(line, str | Record):
            raise TypeError(f"line {index} is of type {type(line).__name__}, not str or Record")
        if isinstance(line, str):
            yield Record(index, line)
            continue
        if line.seed is not None:
            _check(f"line {index}: seed", SEED, line.seed)
        if line.cfg_scale is not None:
            _check(f"line {index}: cfg_scale", CFG_SCALE, line.cfg_scale)
        yield line


def _check(name: str, limits: Limits, value: Any) -> None:
    try:
        limits.check(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
