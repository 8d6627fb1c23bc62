"""How the acoustic kernels are cut up, by channels and rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vvcli.engine.backends.triton.common.tile import ANY, Tile, pick

SHARED = 192 * 1024
"""Bytes of shared memory the steps in flight may take; a program can have 227 KB in all."""

SMS = 132
"""Multiprocessors to keep busy; those of an H200. Others only lose some speed."""


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


@dataclass(frozen=True)
class MixerTile:
    """Rows and channels of a program of the mixer, and how many taps it loads at a time."""

    block_m: int
    block_c: int
    num_warps: int
    unroll: int


# Channels to tiles by number of rows, up to and including. Measured on an H200, as are those of
# the products: the best tiles at 1, 32, 256 and 1024 streams, each up to the geometric mean.
BLOCK_TILES: dict[int, dict[int, BlockTile]] = {
    32: {18101: BlockTile(16, 128, 4, 1), ANY: BlockTile(64, 64, 4, 1, 4, keep_weights=True)},
    64: {
        9050: BlockTile(16, 64, 4, 2),
        ANY: BlockTile(64, 64, 4, 1, 3, keep_weights=True, unroll=2, max_registers=168),
    },
    128: {4525: BlockTile(16, 64, 4, 3), ANY: BlockTile(128, 64, 8, 2, unroll=1)},
}
FUSED_WIDTH = 128
"""The widest blocks that run as one kernel; at 256 channels, three are faster for any rows."""

# Columns and depth to tiles by number of rows, too. A tile of one row takes whole rows of the
# weight at once, and no tensor cores; its depth and stages do not matter.
MEASURED_TILES: dict[tuple[int, int], dict[int, Tile]] = {
    (8192, 2048): {
        2: Tile(1, 4, 1, 8, 1),
        5: Tile(16, 32, 128, 4, 7),
        90: Tile(64, 64, 128, 4, 4),
        ANY: Tile(128, 128, 64, 8, 3),
    },
    (2048, 8192): {
        2: Tile(1, 1, 1, 8, 1),
        16: Tile(16, 64, 128, 4, 4, split_k=4),
        90: Tile(32, 64, 128, 4, 4, split_k=4),
        512: Tile(128, 128, 64, 8, 3, split_k=4),
        ANY: Tile(128, 128, 64, 8, 4),
    },
    (4096, 1024): {
        45: Tile(16, 32, 256, 4, 4),
        724: Tile(64, 64, 64, 4, 4),
        ANY: Tile(128, 128, 64, 8, 3),
    },
    (1024, 4096): {
        45: Tile(16, 32, 256, 4, 4, split_k=4),
        724: Tile(64, 64, 128, 4, 4, split_k=2),
        4096: Tile(128, 128, 64, 8, 4),
        ANY: Tile(128, 256, 64, 8, 3),
    },
    (8192, 4096): {
        5: Tile(16, 32, 256, 4, 4),
        90: Tile(32, 32, 256, 4, 4),
        512: Tile(64, 128, 64, 4, 4),
        ANY: Tile(128, 128, 64, 8, 3),
    },
    (2048, 512): {
        226: Tile(64, 16, 256, 4, 4),
        3620: Tile(64, 128, 64, 4, 4),
        20480: Tile(128, 128, 64, 8, 3),
        ANY: Tile(128, 256, 64, 8, 3),
    },
    (512, 2048): {
        226: Tile(16, 16, 256, 4, 7),
        3620: Tile(64, 128, 64, 4, 4),
        20480: Tile(128, 128, 64, 8, 3),
        ANY: Tile(128, 256, 64, 8, 3),
    },
    (2560, 2048): {
        45: Tile(16, 32, 256, 4, 4),
        724: Tile(64, 64, 64, 4, 4),
        4096: Tile(128, 128, 64, 8, 3),
        ANY: Tile(128, 256, 64, 8, 3),
    },
    (1024, 256): {1131: Tile(64, 32, 128, 4, 5), ANY: Tile(128, 128, 64, 8, 3)},
    (256, 1024): {
        1131: Tile(64, 16, 256, 4, 4),
        102400: Tile(64, 128, 64, 4, 4),
        ANY: Tile(128, 128, 64, 8, 3),
    },
    (1280, 1024): {
        226: Tile(32, 32, 128, 4, 6),
        3620: Tile(64, 128, 64, 4, 4),
        ANY: Tile(128, 128, 64, 8, 3),
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


def block_tile(channels: int, rows: int) -> BlockTile:
    """The tile of a fused block."""
    return pick(BLOCK_TILES.get(channels, {ANY: BlockTile(32, 32, 4, 1)}), rows)


def product_tile(rows: int, columns: int, depth: int, *, unit: int = 0, whole: int = 1) -> Tile:
    """The tile of a [rows, depth] by [depth, columns] product.

    Its columns divide `columns` and are a multiple of `whole`, a power of two that divides
    `columns`; its depth divides `unit`, which is `depth` unless given.
    """
    unit = unit or depth
    for limit, tile in MEASURED_TILES.get((columns, depth), {}).items():
        # Whole rows of the weight belong to a product whose rows lie in one piece.
        if rows <= limit and (tile.block_m > 1 or unit == depth):
            return _fitted(tile, columns, unit, whole)
    fitting = [_fitted(tile, columns, unit, whole) for tile in PRODUCT_TILES]
    useful = [tile for tile in fitting if tile.block_m < 2 * max(rows, 9)]
    for tile in useful:
        if -(-rows // tile.block_m) * (columns // tile.block_n) >= 0.9 * SMS:
            return tile
    return useful[-1]


def _fitted(tile: Tile, columns: int, depth: int, whole: int) -> Tile:
    """`tile` with columns and depth that divide the product's, and steps that fit in memory."""
    width = max(tile.block_n, whole)
    while columns % width:
        width //= 2
    step = tile.block_k
    while (
        depth // tile.split_k % step or 4 * (tile.block_m + width) * step > SHARED
    ):  # two steps of two bytes each
        step //= 2
    flying = SHARED // (2 * (tile.block_m + width) * step)
    stages = min(tile.num_stages, 1 + flying)
    return replace(tile, block_n=width, block_k=step, num_stages=stages)


def mixer_tile(channels: int, rows: int) -> MixerTile:
    """The tile of a wide block's mixer."""
    if rows < 16 * SMS:
        return MixerTile(1, min(channels, 256), 4, 7)
    return MixerTile(16, min(channels, 256), 4, 1)
