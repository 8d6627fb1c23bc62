"""How the acoustic kernels are cut up, by channels and rows."""

from __future__ import annotations

from dataclasses import dataclass

SHARED = 192 * 1024
"""Bytes of shared memory the steps in flight may take; a program can have 227 KB in all."""

SMS = 132
"""Multiprocessors to keep busy; those of an H200. Others only lose some speed."""


@dataclass(frozen=True)
class BlockTile:
    """Rows and hidden channels one program of a fused block works on at a time."""

    rows: int
    hidden: int
    warps: int
    stages: int


@dataclass(frozen=True)
class ProductTile:
    """The part of a product one program makes, and the depth of one step of its sum."""

    rows: int
    columns: int
    depth: int
    warps: int
    stages: int


# Channels to (at most so many rows, tile), in ascending order; the last is for any number.
BLOCK_TILES: dict[int, list[tuple[int, BlockTile]]] = {
    32: [(8192, BlockTile(32, 128, 4, 1)), (1 << 31, BlockTile(128, 64, 4, 1))],
    64: [(8192, BlockTile(16, 64, 4, 2)), (1 << 31, BlockTile(128, 64, 4, 1))],
    128: [(4096, BlockTile(16, 64, 4, 3)), (1 << 31, BlockTile(64, 64, 4, 2))],
    256: [(1 << 31, BlockTile(64, 64, 8, 2))],
}
FUSED_ROWS = {16: 0, 32: 0, 64: 0, 128: 0, 256: 4096}
"""Rows from which a stage of so many channels runs each block as one kernel."""

# Columns and depth to (at most so many rows, tile); measured, where the rule below chose worse.
MEASURED_TILES: dict[tuple[int, int], list[tuple[int, ProductTile]]] = {}

# Otherwise, largest first: the first that makes a program for every multiprocessor is taken.
PRODUCT_TILES = [
    ProductTile(128, 256, 64, 8, 3),
    ProductTile(128, 128, 64, 8, 3),
    ProductTile(64, 128, 64, 4, 4),
    ProductTile(64, 64, 64, 4, 4),
    ProductTile(64, 32, 128, 4, 4),
    ProductTile(32, 64, 128, 4, 4),
    ProductTile(32, 32, 128, 4, 4),
    ProductTile(32, 16, 256, 4, 4),
    ProductTile(16, 64, 256, 4, 4),
    ProductTile(16, 32, 256, 4, 5),
    ProductTile(16, 16, 256, 4, 7),
]


def fuses(channels: int, rows: int) -> bool:
    """Whether a block of this size runs as one kernel."""
    return channels in FUSED_ROWS and rows >= FUSED_ROWS[channels]


def block_tile(channels: int, rows: int) -> BlockTile:
    """The tile of a fused block."""
    sizes = BLOCK_TILES.get(channels, [(1 << 31, BlockTile(32, 32, 4, 1))])
    return next(tile for limit, tile in sizes if rows <= limit)


def product_tile(
    rows: int, columns: int, depth: int, *, unit: int = 0, whole: int = 1
) -> ProductTile:
    """The tile of a [rows, depth] by [depth, columns] product.

    Its columns divide `columns` and are a multiple of `whole`, a power of two that divides
    `columns`; its depth divides `unit`, which is `depth` unless given.
    """
    unit = unit or depth
    for limit, tile in MEASURED_TILES.get((columns, depth), []):
        if rows <= limit:
            return _fitted(tile, columns, unit, whole)
    fitting = [_fitted(tile, columns, unit, whole) for tile in PRODUCT_TILES]
    useful = [tile for tile in fitting if tile.rows < 2 * max(rows, 9)]
    for tile in useful:
        if -(-rows // tile.rows) * (columns // tile.columns) >= 0.9 * SMS:
            return tile
    return useful[-1]


def _fitted(tile: ProductTile, columns: int, depth: int, whole: int) -> ProductTile:
    """`tile` with columns and depth that divide the product's, and steps that fit in memory."""
    width = max(tile.columns, whole)
    while columns % width:
        width //= 2
    step = tile.depth
    while depth % step or 4 * (tile.rows + width) * step > SHARED:  # two steps of two bytes each
        step //= 2
    flying = SHARED // (2 * (tile.rows + width) * step)
    return ProductTile(tile.rows, width, step, tile.warps, min(tile.stages, 1 + flying))


def mixer_rows(channels: int, rows: int) -> int:
    """Rows of a program of the mixer kernel; more of them share the rows they look back on."""
    if rows < 16 * SMS:
        return 1
    return max(1, min(8, 4096 // channels))
