"""Launches of the products of `acoustic_wide_product`, and how they are cut up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
import triton
from torch import Tensor
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.nvidia.hopper import TensorDescriptor

from vvcli.engine.kernels.acoustic_wide_product import ROWS, wide_product_kernel
from vvcli.engine.kernels.blocks import INTERPRETED

GROUP = 8  # row tiles that go through the columns together
DEPTH = 64  # a row of it is what one swizzled copy takes


@dataclass(frozen=True)
class WideTile:
    """Columns of a tile of 128 rows, steps of K in flight, and who makes it.

    In `turns` each group of warps makes tiles of its own, otherwise half the rows of every tile.
    Takes `256 · (stages · (128 + columns) / 2 + columns · (2 if turns else 1))` bytes of shared
    memory.
    """

    columns: int
    stages: int
    turns: bool


IN_TURNS = WideTile(128, 5, True)
SHARED_WIDE = WideTile(256, 3, False)
SHARED_NARROW = WideTile(128, 6, False)

# Columns and depth to (from so many rows, tile), in descending order.
WIDE_TILES: dict[tuple[int, int], list[tuple[int, WideTile]]] = {
    (8192, 2048): [(513, IN_TURNS)],
    (2048, 8192): [(513, SHARED_NARROW)],
    (4096, 1024): [(1024, IN_TURNS)],
    (1024, 4096): [(4097, IN_TURNS), (1024, SHARED_NARROW)],
    (2048, 512): [(4096, IN_TURNS)],
    (512, 2048): [(4096, IN_TURNS)],
    (1024, 256): [(8192, IN_TURNS)],
    (256, 1024): [(8192, IN_TURNS)],
}


@cache
def available(device: torch.device) -> bool:
    """Whether `device` can run the kernel: it is for Hopper alone."""
    if INTERPRETED.value or device.type != "cuda":
        return False
    return torch.cuda.get_device_capability(device)[0] == 9


def wide_tile(rows: int, columns: int, depth: int) -> WideTile | None:
    """The tile of a product that is faster this way, by `WIDE_TILES`, or None."""
    tiles = WIDE_TILES.get((columns, depth), [])
    return next((tile for least, tile in tiles if rows >= least), None)


@cache
def _programs(device: torch.device) -> int:
    return torch.cuda.get_device_properties(device).multi_processor_count


def _blocks(tensor: Tensor, height: int, width: int) -> TensorDescriptor:
    """A rows-first matrix, to be copied in blocks."""
    dtype = {torch.float16: gl.float16, torch.bfloat16: gl.bfloat16}[tensor.dtype]
    layout = gl.NVMMASharedLayout.get_default_for([height, width], dtype)
    return TensorDescriptor.from_tensor(tensor, [height, width], layout)


def wide_product(
    x: Tensor,
    squares: Tensor | None,
    weight: Tensor,
    bias: Tensor,
    residual: Tensor | None,
    unlift: float,
    y: Tensor,
    tile: WideTile,
) -> Tensor | None:
    """Either product of a wide block into `y`; see `WideBlock.product`.

    The second, with `residual`, returns sums of squares of `y` over the columns of each tile,
    [rows, tiles].
    """
    (rows, depth), columns = x.shape, weight.shape[0]
    wide = columns // tile.columns
    sums = None if residual is None else x.new_empty(rows, wide, dtype=torch.float32)
    height = ROWS.value if tile.turns else ROWS.value // 2
    programs = min(_programs(x.device), triton.cdiv(rows, ROWS.value) * wide)
    wide_product_kernel[(programs,)](
        _blocks(x, ROWS.value, DEPTH), squares, _blocks(weight, tile.columns, DEPTH), bias,
        None if residual is None else _blocks(residual, height, tile.columns), unlift,
        _blocks(y, height, tile.columns), sums, rows, N=columns, K=depth, BLOCK_N=tile.columns,
        BLOCK_K=DEPTH, STAGES=tile.stages, GROUP=GROUP,
        PARTS=0 if squares is None else squares.shape[1], TURNS=tile.turns, num_warps=4,
    )  # fmt: skip
    return sums
