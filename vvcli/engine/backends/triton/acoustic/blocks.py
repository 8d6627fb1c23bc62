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
from vvcli.engine.backends.triton.acoustic.narrow_block import block_kernel
from vvcli.engine.backends.triton.acoustic.row_mixer import join_kernel, row_mixer_kernel
from vvcli.engine.backends.triton.common.card import Card
from vvcli.engine.backends.triton.common.split_k import split_buffers
from vvcli.model.acoustic_decoder import Block
from vvcli.model.config import KERNEL

HEADROOM = 2.0**-6
"""With it the second product's weights are 2^-5 at most, and 8,192 hidden values of 256 each still
sum to a float16 number. Weights of a 2^-8 of the largest keep all their digits."""

JOIN_BLOCK = 2048  # numbers of a program


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
            x.values, x.row_rms, context, next_context, *strides, self.taps, self.context_taps,
            1 / self.taps_scale, self.shift, self.norm, self.weight1, self.bias1, self.weight2,
            self.bias2, self.fp16_scale, 1 / self.fp16_scale, y, row_rms, rows, T=length,
            C=channels, BLOCK_M=tile.block_m, BLOCK_HIDDEN=min(tile.block_hidden, 4 * channels),
            UNROLL=tile.unroll, KEEP=tile.keep_weights,
            SEVERAL=tile.programs_per_sm > 0, maxnreg=tile.max_registers, EPS=self.eps,
            num_warps=tile.num_warps, num_stages=tile.num_stages,
        )  # fmt: skip
        return Rows(y, row_rms)


class WideBlock(FusedBlock):
    """A block as three kernels: mixer, product with GELU, product with residual.

    With many rows cuBLAS makes the products, and the next mixer adds the residual.
    """

    def __init__(self, block: Block, card: Card) -> None:
        super().__init__(block, card)
        self.whole_bias1 = 2 * self.bias1
        self.shift2 = self.bias2 / self.fp16_scale
        # Where cuBLAS makes the second product its sums become float16, so they are kept small.
        self.weight2 = self.weight2 * HEADROOM
        self.fp16_scale *= HEADROOM

    def __call__(self, x: Rows, state: ConvState, length: int, *, last: bool) -> Rows:
        """Map `x` to the like; the last block of a stage leaves nothing to be added."""
        mixed, normed = self._mix(x, state, length)
        rows, channels = mixed.shape
        if tiles.left_to_cublas(channels, rows):
            # Twice, since weights are halved; the tanh GELU is within 4.7e-4 of the erf one.
            inner = torch._addmm_activation(
                self.whole_bias1, normed, self.weight1.T, alpha=2, use_gelu=True
            )
            delta = torch.mm(inner, self.weight2.T)
            y = Rows(mixed, delta=delta, delta_scale=1 / self.fp16_scale)
            return _join(y) if last else y
        inner = mixed.new_empty(rows, 4 * channels, dtype=torch.float16)
        self._product(normed, None, inner)
        values = torch.empty_like(mixed)
        self._product(inner, mixed, values)
        return Rows(values)

    def _mix(self, x: Rows, state: ConvState, length: int) -> tuple[Tensor, Tensor]:
        """The mixer's output plus the second product's bias, and normed: [rows, C] each."""
        rows, channels = x.values.shape
        streams, size = rows // length, (KERNEL - 1) * channels
        chunk, num_warps = tiles.mixer_tile(channels, length, streams, self.card)
        mixed = torch.empty_like(x.values)
        normed = torch.empty_like(x.values, dtype=torch.float16)
        active_mask = None
        if length == 1:
            active_mask = state.active_mask
            context = next_context = state.next_layer_in_place(size)
            strides = [context.stride(0)] * 2
        else:
            context, next_context, *strides = state.next_layer(size)
        row_mixer_kernel[(streams, triton.cdiv(length, chunk))](
            x.values, x.delta, x.delta_scale, context, next_context, *strides, active_mask,
            self.context_taps, self.shift, self.norm, self.shift2, mixed, normed, chunk, T=length,
            C=channels, EPS=self.eps, num_warps=num_warps,
        )  # fmt: skip
        return mixed, normed

    def _product(self, x: Tensor, residual: Tensor | None, y: Tensor) -> None:
        """The first product of `x` [rows, depth] into `y`, or the second, with `residual`."""
        weight = self.weight1 if residual is None else self.weight2
        (rows, depth), columns = x.shape, weight.shape[0]
        tile = tiles.product_tile(rows, columns, depth, self.card)
        wide = columns // tile.block_n
        given = (x, weight, self.bias1, residual, 1 / self.fp16_scale, y)
        if tile.block_m == 1:
            few_rows_kernel[(wide,)](
                *given, rows, N=columns, K=depth, BLOCK_N=tile.block_n, num_warps=tile.num_warps
            )
            return
        count = triton.cdiv(rows, tile.block_m) * wide
        size = tile.block_m * tile.block_n
        partial, counters = split_buffers(x.device, count, tile.split_k, size)
        feed_forward_kernel[(count, tile.split_k)](
            *given, partial, counters, rows, N=columns, K=depth, BLOCK_M=tile.block_m,
            BLOCK_N=tile.block_n, BLOCK_K=tile.block_k, SPLIT=tile.split_k, GROUP=GROUP,
            num_warps=tile.num_warps, num_stages=tile.num_stages,
        )  # fmt: skip


def _join(x: Rows) -> Rows:
    """`x` with nothing to be added."""
    y, size = torch.empty_like(x.values), x.values.numel()
    join_kernel[(triton.cdiv(size, JOIN_BLOCK),)](
        x.values, x.delta, x.delta_scale, y, size, BLOCK=JOIN_BLOCK, num_warps=4
    )
    return Rows(y)
