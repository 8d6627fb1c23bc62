"""How a matrix product is cut up into programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

Choice = TypeVar("Choice")

ANY = 1 << 31  # more rows than there are


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


def pick(table: Mapping[int, Choice], rows: int) -> Choice:
    """The entry of `table`, whose keys are numbers of rows up to and including, for `rows`."""
    return next(choice for max_rows, choice in table.items() if rows <= max_rows)
