"""How a matrix product is cut up into programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from vvcli.engine.backends.triton.common.card import Card

Choice = TypeVar("Choice")

ANY = 1 << 31  # more rows than there are

MIN_STAGES = 3  # with fewer the memory waits for the arithmetic; shallower steps are better then
MIN_DEPTH = 32


@dataclass(frozen=True)
class Tile:
    """A program makes `block_m` rows by `block_n` columns, `block_k` of K at a time.

    `split_k` programs share a tile's K. Where columns come in pairs (gate and up, or the halves of
    a rotation) `block_n` counts pairs.
    """

    block_m: int
    block_n: int
    block_k: int
    num_warps: int
    num_stages: int
    split_k: int = 1

    def options(self) -> dict[str, int]:
        """Keyword arguments of a launch."""
        return {"num_warps": self.num_warps, "num_stages": self.num_stages}


def fit(tile: Tile, card: Card, *, columns: int = 0, rows: int = 0) -> Tile:
    """`tile` with depth and stages whose steps in flight fit the shared memory of `card`.

    A step of two-byte numbers holds `columns` columns of weights and `rows` rows, by default those
    of the tile. While one step is computed the others are on their way.
    """
    height = 2 * ((rows or tile.block_m) + (columns or tile.block_n))
    depth = tile.block_k
    stages = _stages(height * depth, tile.num_stages, card)
    while stages < min(tile.num_stages, MIN_STAGES) and depth > MIN_DEPTH:
        depth //= 2
        stages = _stages(height * depth, tile.num_stages, card)
    return replace(tile, block_k=depth, num_stages=stages)


def _stages(step_bytes: int, stages: int, card: Card) -> int:
    return min(stages, 1 + card.memory_for_steps // step_bytes)


def pick(table: Mapping[int, Choice], rows: int) -> Choice:
    """The entry of `table`, whose keys are numbers of rows up to and including, for `rows`."""
    return next(choice for max_rows, choice in table.items() if rows <= max_rows)
