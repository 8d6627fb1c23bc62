"""Checks the arguments of `Synthesizer` before a model is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vvcli.script.limits import (
    CFG_SCALE,
    MAX_AHEAD,
    RETRY,
    SEED,
    SPEED,
    STEPS,
    STREAMS,
    THREADS,
    WORKERS,
)

DTYPES = ("auto", "float32", "bfloat16", "float16", "float64")
SAMPLE_TYPES = ("float32", "int16")

_NUMBERS = {
    "streams": STREAMS,
    "workers": WORKERS,
    "threads": THREADS,
    "steps": STEPS,
    "cfg_scale": CFG_SCALE,
    "seed": SEED,
    "max_ahead": MAX_AHEAD,
    "speed": SPEED,
    "retries": RETRY,
}
_OPTIONAL = ("steps", "cfg_scale", "max_ahead")
_WORDS: dict[str, Sequence[object]] = {
    "dtype": DTYPES,
    "sample_type": SAMPLE_TYPES,
    "split": (True, False),
    "by_sentence": (True, False),
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
            _NUMBERS[name].check_named(name, value)
        elif name in _WORDS and value not in _WORDS[name]:
            raise ValueError(f"{name}: {value!r} is not one of {', '.join(map(str, _WORDS[name]))}")
        elif name in ("model", "voice", "device") and isinstance(value, str) and not value:
            raise ValueError(f"{name} is empty")
