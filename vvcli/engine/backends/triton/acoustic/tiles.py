"""How the acoustic kernels are cut up, by channels and rows."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from vvcli.engine.backends.triton.common.card import Card
from vvcli.engine.backends.triton.common.tile import ANY, Tile, fit, pick


@dataclass(frozen=True)
class BlockTile:
    """Rows and hidden channels one program of a fused block works on at a time."""

    block_m: int
    block_hidden: int
    num_warps: int
    num_stages: int
    programs_per_sm: int = 0  # each makes one tile after the other; 0 means a program a tile
    keep_weights: bool = False  # all of them in shared memory, over all tiles of a program
    unroll: int = 7
    max_registers: int | None = None


def _few(length: int) -> int:
    """Rows up to which the best tiles for one stream are taken: those for 32 are, beyond.

    Measured at 1, 32, 256 and 1024 streams of `length` rows; between two, the geometric mean.
    """
    return int(length * math.sqrt(1 * 32))


def _some(length: int) -> int:
    """The same between the best tiles for 32 streams and those for 256."""
    return int(length * math.sqrt(32 * 256))


def _many(length: int) -> int:
    """The same between the best tiles for 256 streams and those for 1024."""
    return int(length * math.sqrt(256 * 1024))


# Channels to tiles by number of rows, up to and including. Measured on an H200, as are those of
# the products, with the published decoder: a frame of a stream is 3200 rows of 32 channels.
BLOCK_TILES: dict[int, dict[int, BlockTile]] = {
    32: {
        _few(3200): BlockTile(16, 128, 4, 1),
        ANY: BlockTile(64, 64, 4, 1, 4, keep_weights=True, max_registers=128),
    },
    64: {
        _few(1600): BlockTile(16, 64, 4, 2),
        ANY: BlockTile(64, 64, 4, 1, 3, keep_weights=True, unroll=2, max_registers=168),
    },
    128: {_few(800): BlockTile(16, 64, 4, 3), ANY: BlockTile(64, 64, 4, 3)},
}
BLOCK_SCRATCH = 8 * 1024
"""Bytes of shared memory that a program of a block needs beside the weights it keeps."""

FUSED_WIDTH = 128
"""The widest blocks that run as one kernel; at 256 channels, three are faster for any rows."""

# Columns and depth to tiles by number of rows, too. A tile of one row takes whole rows of the
# weight at once, and no tensor cores; its depth and stages do not matter. Products of blocks with
# more rows than `CUBLAS_ROWS` are not among them.
MEASURED_TILES: dict[tuple[int, int], dict[int, Tile]] = {
    (8192, 2048): {
        2: Tile(1, 4, 1, 8, 1),
        _few(1): Tile(16, 32, 128, 4, 7),
        ANY: Tile(64, 64, 128, 4, 4),
    },
    (2048, 8192): {
        2: Tile(1, 1, 1, 8, 1),
        16: Tile(16, 64, 128, 4, 4, split_k=4),
        ANY: Tile(32, 64, 128, 4, 4, split_k=4),
    },
    (4096, 1024): {_few(8): Tile(16, 32, 256, 4, 4), ANY: Tile(64, 64, 64, 4, 4)},
    (1024, 4096): {
        _few(8): Tile(16, 32, 256, 4, 4, split_k=4),
        ANY: Tile(64, 64, 128, 4, 4, split_k=2),
    },
    (8192, 4096): {
        _few(1): Tile(16, 32, 256, 4, 4),
        _some(1): Tile(32, 32, 256, 4, 4),
        _many(1): Tile(64, 128, 64, 4, 4),
        ANY: Tile(128, 256, 64, 8, 3),
    },
    (2048, 512): {_few(40): Tile(64, 16, 256, 4, 4), ANY: Tile(64, 128, 64, 4, 4)},
    (512, 2048): {_few(40): Tile(16, 16, 256, 4, 7), ANY: Tile(64, 128, 64, 4, 4)},
    (2560, 2048): {
        _few(8): Tile(16, 32, 256, 4, 4),
        _some(8): Tile(64, 64, 64, 4, 4),
        _many(8): Tile(128, 128, 64, 8, 3),
        ANY: Tile(128, 256, 64, 8, 3),
    },
    (1024, 256): {_few(200): Tile(64, 32, 128, 4, 5), ANY: Tile(128, 128, 64, 8, 3)},
    (256, 1024): {_few(200): Tile(64, 16, 256, 4, 4), ANY: Tile(64, 128, 64, 4, 4)},
    (1280, 1024): {
        _few(40): Tile(32, 32, 128, 4, 6),
        _some(40): Tile(64, 128, 64, 4, 4),
        _many(40): Tile(128, 128, 64, 8, 3),
        ANY: Tile(128, 256, 64, 8, 3),
    },
}

# Otherwise, largest first: the first that makes a program for every multiprocessor is taken.
PRODUCT_TILES = [
    Tile(128, 256, 64, 8, 3),
    Tile(128, 128, 64, 8, 3),
    Tile(64, 128, 64, 4, 4),
    Tile(64, 64, 64, 4, 4),
    Tile(64, 32, 128, 4, 4),
    Tile(32, 64, 128, 4, 4),
    Tile(32, 32, 128, 4, 4),
    Tile(32, 16, 256, 4, 4),
    Tile(16, 64, 256, 4, 4),
    Tile(16, 32, 256, 4, 5),
    Tile(16, 16, 256, 4, 7),
]


def fuses(channels: int) -> bool:
    """Whether a block of so many channels runs as one kernel."""
    return channels <= FUSED_WIDTH


def block_tile(channels: int, rows: int, card: Card) -> BlockTile:
    """The tile of a fused block.

    Weights are kept in shared memory where two programs that do so fit a multiprocessor: one alone
    would leave it idle whenever it waits.
    """
    tile = pick(BLOCK_TILES.get(channels, {ANY: BlockTile(32, 32, 4, 1)}), rows)
    if not tile.keep_weights:
        return tile
    programs = card.shared_memory // (2 * 8 * channels**2 + BLOCK_SCRATCH)
    if programs < 2:
        return replace(tile, keep_weights=False, programs_per_sm=0, num_stages=2)
    return replace(tile, programs_per_sm=min(tile.programs_per_sm, programs))


def product_tile(
    rows: int, columns: int, depth: int, card: Card, *, unit: int = 0, whole: int = 1
) -> Tile:
    """The tile of a [rows, depth] by [depth, columns] product.

    Its columns divide `columns` and are a multiple of `whole`, a power of two that divides
    `columns`; its depth divides `unit`, which is `depth` unless given.
    """
    unit = unit or depth
    for limit, tile in MEASURED_TILES.get((columns, depth), {}).items():
        # Whole rows of the weight belong to a product whose rows lie in one piece.
        if rows <= limit and (tile.block_m > 1 or unit == depth):
            return _fitted(tile, columns, unit, whole, card)
    fitting = [_fitted(tile, columns, unit, whole, card) for tile in PRODUCT_TILES]
    useful = [tile for tile in fitting if tile.block_m < 2 * max(rows, 9)]
    for tile in useful:
        programs = -(-rows // tile.block_m) * (columns // tile.block_n)
        if programs >= 0.9 * card.multiprocessors:
            return tile
    return useful[-1]


def _fitted(tile: Tile, columns: int, depth: int, whole: int, card: Card) -> Tile:
    """`tile` with columns and depth that divide the product's, and steps that fit in memory."""
    width = max(tile.block_n, whole)
    while columns % width:
        width //= 2
    step = tile.block_k
    # At least two steps of two bytes each.
    while depth // tile.split_k % step or 4 * (tile.block_m + width) * step > card.memory_for_steps:
        step //= 2
    return fit(replace(tile, block_n=width, block_k=step), card)


# By channels, from how many rows on cuBLAS makes the products of a wide block: measured on an H100.
CUBLAS_ROWS = {2048: 96, 1024: 256, 512: 1280, 256: 12800}


def left_to_cublas(channels: int, rows: int) -> bool:
    """Whether cuBLAS makes the products of a wide block."""
    return rows >= CUBLAS_ROWS.get(channels, ANY)


def mixer_tile(channels: int, length: int, streams: int, card: Card) -> tuple[int, int]:
    """Positions of a stream that one program of the mixer takes, and the warps of the program.

    A stream's rows are shared by several programs until there are 16 warps a multiprocessor; each
    has to norm the six rows before its own, too.
    """
    warps = max(1, min(8, channels // 128))
    parts = max(1, min(round(16 * card.multiprocessors / (warps * streams)), length // 8))
    return -(-length // parts), warps
