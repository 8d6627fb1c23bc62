"""Blocks of the acoustic decoder with their weights laid out for the kernels, and the launches.

Norm weights and gammas are multiplied into the weights next to them. Weights with a gamma in them
are scaled up by a power of two where they become float16, so that a small gamma costs no precision.
"""

from __future__ import annotations

import math

import torch
import triton
from torch import Tensor

from vvcli.engine.backends.triton.acoustic import tiles
from vvcli.engine.backends.triton.acoustic.convolutions import GROUP, ConvState, Rows
from vvcli.engine.backends.triton.acoustic.feed_forward import feed_forward_kernel, few_rows_kernel
from vvcli.engine.backends.triton.acoustic.mixer import mixer_kernel
from vvcli.engine.backends.triton.acoustic.narrow_block import block_kernel
from vvcli.engine.backends.triton.acoustic.single_mixer import single_mixer_kernel
from vvcli.engine.backends.triton.common.card import Card
from vvcli.engine.backends.triton.common.split_k import split_buffers
from vvcli.model.acoustic_decoder import Block
from vvcli.model.config import KERNEL


def _float(parameter: Tensor | None) -> Tensor:
    """A parameter's numbers in float32."""
    if parameter is None:
        raise ValueError("the acoustic decoder's norms have weights")
    return parameter.detach().float()


def _fp16_scale(weight: Tensor) -> float:
    """The power of two that takes the largest number of `weight` to 1 … 2."""
    if weight.is_meta:
        return 1.0
    return 2.0 ** -math.floor(math.log2(max(float(weight.abs().max()), 1e-30)))


class FusedBlock:
    """The weights of a block, in the layout of the kernels.

    Both forms map rows [B·length, C] to the same shape, and are told if they end their stage.
    """

    def __init__(self, block: Block, card: Card) -> None:
        self.card = card
        self.eps = block.norm.eps
        scale = _float(block.gamma)
        taps = _float(block.mixer.weight)[:, 0].T * scale  # [7, C]
        self.norm = _float(block.norm.weight)
        self.taps = (taps * self.norm).contiguous()
        self.context_taps = taps.contiguous()
        self.shift = scale * _float(block.mixer.bias)
        # Halved, for the GELU takes half its argument.
        first = _float(block.linear1.weight) * _float(block.ffn_norm.weight)
        self.weight1 = (0.5 * first).half()
        self.bias1 = (0.5 * _float(block.linear1.bias)).half()
        scale = _float(block.ffn_gamma)
        second = _float(block.linear2.weight) * scale[:, None]
        self.fp16_scale = _fp16_scale(second)
        self.weight2 = (second * self.fp16_scale).half()
        self.bias2 = _float(block.linear2.bias) * scale * self.fp16_scale


class NarrowBlock(FusedBlock):
    """A block as one kernel."""

    def __init__(self, block: Block, card: Card) -> None:
        super().__init__(block, card)
        self.taps_scale = _fp16_scale(self.taps)
        self.taps = (self.taps * self.taps_scale).half()
        self.context_taps = self.context_taps * self.taps_scale

    def __call__(self, x: Rows, state: ConvState, length: int, *, last: bool) -> Rows:
        """Map normed `x` to the like; the last block of a stage leaves plain rows."""
        rows, channels = x.values.shape
        tile = tiles.block_tile(channels, rows, self.card)
        y = torch.empty_like(x.values, dtype=torch.bfloat16 if last else torch.float16)
        row_rms = None if last else x.values.new_empty(rows, dtype=torch.float32)
        context, next_context, *strides = state.next_layer((KERNEL - 1) * channels)
        programs = triton.cdiv(rows, tile.block_m)
        if tile.programs_per_sm:
            programs = min(programs, tile.programs_per_sm * self.card.multiprocessors)
        block_kernel[(programs,)](
            x.values, x.sums, context, next_context, *strides, self.taps, self.context_taps,
            1 / self.taps_scale, self.shift, self.norm, self.weight1, self.bias1, self.weight2,
            self.bias2, self.fp16_scale, 1 / self.fp16_scale, y, row_rms, rows, T=length,
            C=channels, BLOCK_M=tile.block_m, BLOCK_HIDDEN=min(tile.block_hidden, 4 * channels),
            UNROLL=tile.unroll, KEEP=tile.keep_weights, maxnreg=tile.max_registers, EPS=self.eps,
            num_warps=tile.num_warps, num_stages=tile.num_stages,
        )  # fmt: skip
        return Rows(y, row_rms)


class WideBlock(FusedBlock):
    """A block as three kernels: mixer, product with GELU, product with residual."""

    def __call__(self, x: Rows, state: ConvState, length: int, *, last: bool) -> Rows:
        """Map `x` with its sums of squares to the like."""
        del last
        mixed, scaled, squares = self._mix(x, state, length)
        rows, channels = mixed.shape
        inner = mixed.new_empty(rows, 4 * channels, dtype=torch.float16)
        self.product(scaled, squares, None, inner)
        y = torch.empty_like(mixed)
        return Rows(y, self.product(inner, None, mixed, y))

    def _mix(self, x: Rows, state: ConvState, length: int) -> tuple[Tensor, Tensor, Tensor]:
        """The mixer's output [rows, C], the same scaled to float16, and parts of its squares."""
        rows, channels = x.values.shape
        if x.sums is None:
            raise ValueError("a block needs the sums of squares of its input")
        parts, size = x.sums.shape[1], (KERNEL - 1) * channels
        tile = tiles.mixer_tile(channels, rows, self.card)
        mixed = torch.empty_like(x.values)
        scaled = torch.empty_like(x.values, dtype=torch.float16)
        count = channels // tile.block_c
        squares = x.values.new_empty(rows, count, dtype=torch.float32)
        if length == 1:
            context = state.next_layer_in_place(size)
            single_mixer_kernel[(rows, count)](
                x.values, x.sums, context, context.stride(0), state.active_mask, self.context_taps,
                self.shift, self.norm, mixed, scaled, squares, C=channels, BLOCK_C=tile.block_c,
                PARTS=parts, EPS=self.eps, num_warps=tile.num_warps,
            )  # fmt: skip
        else:
            context, next_context, *strides = state.next_layer(size)
            mixer_kernel[(triton.cdiv(rows, tile.block_m), count)](
                x.values, x.sums, context, next_context, *strides, self.taps, self.context_taps,
                self.shift, self.norm, mixed, scaled, squares, rows, T=length, C=channels,
                BLOCK_M=tile.block_m, BLOCK_C=tile.block_c, PARTS=parts, EPS=self.eps,
                UNROLL=tile.unroll, num_warps=tile.num_warps,
            )  # fmt: skip
        return mixed, scaled, squares

    def product(
        self, x: Tensor, squares: Tensor | None, residual: Tensor | None, y: Tensor
    ) -> Tensor | None:
        """The first product of `x` [rows, depth] into `y`, or the second, with `residual`.

        The second returns sums of squares of `y` over the columns of each tile, [rows, tiles].
        """
        first = residual is None
        weight, bias = (self.weight1, self.bias1) if first else (self.weight2, self.bias2)
        (rows, depth), columns = x.shape, weight.shape[0]
        tile = tiles.product_tile(rows, columns, depth, self.card)
        wide = columns // tile.block_n
        sums = None if first else x.new_empty(rows, wide, dtype=torch.float32)
        parts = squares.shape[1] if squares is not None else 0
        given = (x, squares, weight, bias, residual, 1 / self.fp16_scale, y, sums)
        if tile.block_m == 1:
            few_rows_kernel[(wide,)](
                *given, rows, N=columns, K=depth, BLOCK_N=tile.block_n, PARTS=parts,
                num_warps=tile.num_warps,
            )  # fmt: skip
            return sums
        count = triton.cdiv(rows, tile.block_m) * wide
        size = tile.block_m * tile.block_n
        partial, counters = split_buffers(x.device, count, tile.split_k, size)
        feed_forward_kernel[(count, tile.split_k)](
            *given, partial, counters, rows, N=columns, K=depth, BLOCK_M=tile.block_m,
            BLOCK_N=tile.block_n, BLOCK_K=tile.block_k, SPLIT=tile.split_k, GROUP=GROUP,
            PARTS=parts, num_warps=tile.num_warps, num_stages=tile.num_stages,
        )  # fmt: skip
        return sums
