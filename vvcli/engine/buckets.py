"""The few sizes that steps are run at."""

from __future__ import annotations

from collections.abc import Callable

LIMIT_STEP = 64  # eager attention reads caches in steps of this many positions


def buckets(most: int, on_cuda: bool, deterministic: bool) -> Callable[[int], int]:
    """Rounds a number of rows up to one that steps are run at, `most` at most.

    On CUDA few widths, since each is a graph of its own.
    """
    if deterministic:
        return lambda rows: most
    if on_cuda:
        return lambda rows: min(1 << (rows - 1).bit_length(), most)
    return lambda rows: rows


def every(bucket: Callable[[int], int], most: int) -> list[int]:
    """All values of `bucket` for 1 to `most` rows, descending."""
    return sorted({bucket(rows) for rows in range(1, most + 1)}, reverse=True)


def limit_of(length: int, capacity: int) -> int:
    """Positions to attend to: `length` rounded up, within `capacity`."""
    return min(-(-length // LIMIT_STEP) * LIMIT_STEP, capacity)
