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
    programs: int = 0
    keep: bool = False
    unroll: int = 7
    registers: int | None = None


@dataclass(frozen=True)
class ProductTile:
    """The part of a product one program makes, and the depth of one step of its sum.

    `split` programs share the sum. A tile of one row takes whole rows of the weight at once, and
    no tensor cores; its depth and stages do not matter.
    """

    rows: int
    columns: int
    depth: int
    warps: int
    stages: int
    split: int = 1


@dataclass(frozen=True)
class MixerTile:
    """Rows and channels of a program of the mixer, and how many taps it loads at a time."""

    rows: int
    channels: int
    warps: int
    unroll: int


ANY = 1 << 31
"""More rows than there are."""

# Channels to (at most so many rows, tile), in ascending order. Measured on an H200, as are those of
# the products: the best tiles at 1, 32, 256 and 1024 streams, each up to the geometric mean.
BLOCK_TILES: dict[int, list[tuple[int, BlockTile]]] = {
    32: [(18101, BlockTile(16, 128, 4, 1)), (ANY, BlockTile(64, 64, 4, 1, 4, keep=True))],
    64: [
        (9050, BlockTile(16, 64, 4, 2)),
        (ANY, BlockTile(64, 64, 4, 1, 3, keep=True, unroll=2, registers=168)),
    ],
    128: [(4525, BlockTile(16, 64, 4, 3)), (ANY, BlockTile(128, 64, 8, 2, unroll=1))],
}
FUSED_WIDTH = 128
"""The widest blocks that run as one kernel; at 256 channels, three are faster for any rows."""

# Columns and depth to (at most so many rows, tile).
MEASURED_TILES: dict[tuple[int, int], list[tuple[int, ProductTile]]] = {
    (8192, 2048): [
        (2, ProductTile(1, 4, 1, 8, 1)),
        (5, ProductTile(16, 32, 128, 4, 7)),
        (90, ProductTile(64, 64, 128, 4, 4)),
        (ANY, ProductTile(128, 128, 64, 8, 3)),
    ],
    (2048, 8192): [
        (2, ProductTile(1, 1, 1, 8, 1)),
        (16, ProductTile(16, 64, 128, 4, 4, split=4)),
        (90, ProductTile(32, 64, 128, 4, 4, split=4)),
        (512, ProductTile(128, 128, 64, 8, 3, split=4)),
        (ANY, ProductTile(128, 128, 64, 8, 4)),
    ],
    (4096, 1024): [
        (45, ProductTile(16, 32, 256, 4, 4)),
        (724, ProductTile(64, 64, 64, 4, 4)),
        (ANY, ProductTile(128, 128, 64, 8, 3)),
    ],
    (1024, 4096): [
        (45, ProductTile(16, 32, 256, 4, 4, split=4)),
        (724, ProductTile(64, 64, 128, 4, 4, split=2)),
        (4096, ProductTile(128, 128, 64, 8, 4)),
        (ANY, ProductTile(128, 256, 64, 8, 3)),
    ],
    (8192, 4096): [
        (5, ProductTile(16, 32, 256, 4, 4)),
        (90, ProductTile(32, 32, 256, 4, 4)),
        (512, ProductTile(64, 128, 64, 4, 4)),
        (ANY, ProductTile(128, 128, 64, 8, 3)),
    ],
    (2048, 512): [
        (226, ProductTile(64, 16, 256, 4, 4)),
        (3620, ProductTile(64, 128, 64, 4, 4)),
        (20480, ProductTile(128, 128, 64, 8, 3)),
        (ANY, ProductTile(128, 256, 64, 8, 3)),
    ],
    (512, 2048): [
        (226, ProductTile(16, 16, 256, 4, 7)),
        (3620, ProductTile(64, 128, 64, 4, 4)),
        (20480, ProductTile(128, 128, 64, 8, 3)),
        (ANY, ProductTile(128, 256, 64, 8, 3)),
    ],
    (2560, 2048): [
        (45, ProductTile(16, 32, 256, 4, 4)),
        (724, ProductTile(64, 64, 64, 4, 4)),
        (4096, ProductTile(128, 128, 64, 8, 3)),
        (ANY, ProductTile(128, 256, 64, 8, 3)),
    ],
    (1024, 256): [(1131, ProductTile(64, 32, 128, 4, 5)), (ANY, ProductTile(128, 128, 64, 8, 3))],
    (256, 1024): [
        (1131, ProductTile(64, 16, 256, 4, 4)),
        (102400, ProductTile(64, 128, 64, 4, 4)),
        (ANY, ProductTile(128, 128, 64, 8, 3)),
    ],
    (1280, 1024): [
        (226, ProductTile(32, 32, 128, 4, 6)),
        (3620, ProductTile(64, 128, 64, 4, 4)),
        (ANY, ProductTile(128, 128, 64, 8, 3)),
    ],
}

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


def fuses(channels: int) -> bool:
    """Whether a block of so many channels runs as one kernel."""
    return channels <= FUSED_WIDTH


def block_tile(channels: int, rows: int) -> BlockTile:
    """The tile of a fused block."""
    sizes = BLOCK_TILES.get(channels, [(ANY, BlockTile(32, 32, 4, 1))])
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
        # Whole rows of the weight belong to a product whose rows lie in one piece.
        if rows <= limit and (tile.rows > 1 or unit == depth):
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
    while (
        depth // tile.split % step or 4 * (tile.rows + width) * step > SHARED
    ):  # two steps of two bytes each
        step //= 2
    flying = SHARED // (2 * (tile.rows + width) * step)
    stages = min(tile.stages, 1 + flying)
    return ProductTile(tile.rows, width, step, tile.warps, stages, tile.split)


def mixer_tile(channels: int, rows: int) -> MixerTile:
    """The tile of a wide block's mixer."""
    if rows < 16 * SMS:
        return MixerTile(1, min(channels, 256), 4, 7)
    return MixerTile(16, min(channels, 256), 4, 1)
