"""Numbers of a `config.json`, each within the bounds of what a model can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Far above any model, and far below what would fill the memory or run for hours before a weight
# is read. That the weights have these shapes is checked in `vvcli.checkpoint.weights`.
MAX_WIDTH = 1 << 14  # of a layer
MAX_INNER = 1 << 17  # of a feed-forward layer
MAX_LAYERS = 256  # of a transformer, or in a stage of the acoustic decoder
MAX_VOCABULARY = 1 << 20
MAX_POSITIONS = 1 << 20
MAX_ROPE = 1 << 24  # positions times the width of a head: a table of two float32 each
MAX_WINDOW = 256  # tokens or frames
MAX_GUIDANCE = 100.0
MAX_STAGES = 16
MAX_RATIO = 1 << 10
MAX_HOP = 32_000  # samples per frame, which int16 counts
MAX_ACTIVATIONS = 1 << 22  # samples per frame times the decoder's narrowest channels
MAX_FFN_RATIO = 64.0
MAX_SOLVER_STEPS = 999  # as many as a user may ask for
# The solver is exact to float32 here, for up to so many steps.
MIN_TRAIN_STEPS, MAX_TRAIN_STEPS = 1000, 10_000
EPSILONS = 1e-12, 0.1
ROPE_THETAS = 1.0, 1e12

MAX_REASON = 200  # characters of a value that a message shows


class ConfigError(ValueError):
    """A configuration that does not describe a model this program can run."""


def count_in(
    config: Mapping[str, Any],
    key: str,
    greatest: int,
    *,
    least: int = 1,
    default: int | None = None,
) -> int:
    """The whole number `key` of `config`; `default` where it is absent.

    Raises:
        ConfigError: it is something else, or outside of its bounds.
    """
    value = config[key] if default is None else config.get(key, default)
    if type(value) is not int or not least <= value <= greatest:
        raise ConfigError(f"{key} is {shown(value)}, not an integer from {least} to {greatest}")
    return value


def number_in(config: Mapping[str, Any], key: str, least: float, greatest: float) -> float:
    """The number `key` of `config`.

    Raises:
        ConfigError: it is something else, or outside of its bounds.
    """
    value = config[key]
    if type(value) not in (int, float) or not least <= value <= greatest:
        raise ConfigError(
            f"{key} is {shown(value)}, not a number from {least:.3g} to {greatest:.3g}"
        )
    return float(value)


def shown(value: object) -> str:
    """`value` as Python writes it, cut to MAX_REASON characters."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python's own limit on the digits it writes
        return f"a value of type {type(value).__name__} that is too long to show"
    return text if len(text) <= MAX_REASON else f"{text[:MAX_REASON]}…"
