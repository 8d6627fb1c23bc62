"""The acoustic decoder's convolutions with their weights laid out for kernels, and the state."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import triton
from torch import Tensor

from vvcli.engine.backends.triton.acoustic import tiles
from vvcli.engine.backends.triton.acoustic.output_conv import commit_kernel, head_kernel
from vvcli.engine.backends.triton.acoustic.window import window_kernel
from vvcli.engine.backends.triton.common.card import Card
from vvcli.model.acoustic_decoder import CausalConv, CausalUpsample
from vvcli.model.config import KERNEL

GROUP = 8  # row tiles that go through the columns together


@dataclass(frozen=True)
class Rows:
    """Positions of all streams.

    Attributes:
        values: [rows, C], bfloat16, or float16 where they are normed.
        row_rms: of normed values, the root mean square they were divided by, [rows] float32.
        delta: what is still to be added to the values, times `delta_scale`: [rows, C] float16.
    """

    values: Tensor
    row_rms: Tensor | None = None
    delta: Tensor | None = None
    delta_scale: float = 1.0


class ConvState:
    """The contexts of all convolutions before and after a frame, in the order they run.

    Most kernels leave the next context beside the current one, which other programs still read;
    `commit` copies it over in the rows of active streams.
    """

    def __init__(self, context: Tensor, active_mask: Tensor) -> None:
        self.context = context
        self.next_context = context.new_empty(context.shape)  # rows without gaps
        self.active_mask = active_mask.view(torch.uint8)
        self._offset = 0
        self._in_place: tuple[int, int] | None = None

    def next_layer(self, width: int) -> tuple[Tensor, Tensor, int, int]:
        """The next layer's current and next context, and the row strides of the two."""
        start, self._offset = self._offset, self._offset + width
        current, following = self.context[:, start:], self.next_context[:, start:]
        return current, following, current.stride(0), following.stride(0)

    def next_layer_in_place(self, width: int) -> Tensor:
        """The context of a layer that overwrites it by itself, in the rows of active streams.

        All such layers follow one another.
        """
        start, self._offset = self._offset, self._offset + width
        self._in_place = (self._in_place[0] if self._in_place else start, self._offset)
        return self.context[:, start:]

    def commit(self) -> None:
        """Make the next contexts of active streams the current ones."""
        streams, size = self.next_context.shape
        current, following = self.context, self.next_context
        first, end = self._in_place or (0, 0)
        parts = triton.cdiv(first, 4096) + triton.cdiv(size - end, 4096)
        commit_kernel[(parts, streams)](
            following, current, following.stride(0), current.stride(0), self.active_mask, size,
            FIRST=first, END=end, BLOCK=4096,
        )  # fmt: skip


class FusedWindow:
    """A dense causal convolution, upsampling or not, as one product over its windows."""

    def __init__(self, weight: Tensor, bias: Tensor, past: int, card: Card) -> None:
        self.card = card
        self.past = past
        self.weight = weight.contiguous()
        self.bias = bias

    @classmethod
    def of_conv(cls, conv: CausalConv, card: Card) -> FusedWindow:
        """For one position a frame: the context and the input are the window."""
        outputs = conv.linear.out_features
        weight = conv.linear.weight.detach().view(outputs, -1, KERNEL)
        weight = weight.transpose(1, 2).flatten(1)
        past = weight.shape[1] // KERNEL * (KERNEL - 1)
        return cls(weight, conv.linear.bias.detach(), past, card)

    @classmethod
    def of_upsample(cls, upsample: CausalUpsample, card: Card) -> FusedWindow:
        """The window is a row and the one before it."""
        weight = upsample.linear.weight.detach()
        return cls(weight, upsample.bias.detach(), weight.shape[1] // 2, card)

    def __call__(
        self, x: Tensor, state: ConvState, length: int, eps: float, *, normed: bool
    ) -> Rows:
        """Map `x` [B·length, in] to [B·length·ratio, out], normed if so asked."""
        rows, width = x.shape
        columns, channels = self.weight.shape[0], self.bias.shape[0]
        whole = channels if normed else 1
        unit = math.gcd(self.past, width)
        tile = tiles.product_tile(
            rows, columns, self.past + width, self.card, unit=unit, whole=whole
        )
        dtype = torch.float16 if normed else x.dtype
        y = x.new_empty(rows * (columns // channels), channels, dtype=dtype)
        row_rms = x.new_empty(y.shape[0], dtype=torch.float32) if normed else None
        context, next_context, *strides = state.next_layer(self.past)
        window_kernel[(triton.cdiv(rows, tile.block_m) * (columns // tile.block_n),)](
            x, self.weight, self.bias, context, next_context, *strides, y, row_rms, rows, T=length,
            N=columns, PAST=self.past, WIDTH=width, CHANNELS=channels, BLOCK_M=tile.block_m,
            BLOCK_N=tile.block_n, BLOCK_K=tile.block_k, GROUP=GROUP, EPS=eps, NORMED=normed,
            num_warps=tile.num_warps, num_stages=tile.num_stages,
        )  # fmt: skip
        return Rows(y, row_rms)


class FusedOutputConv:
    """The convolution to one channel; its samples are float32."""

    def __init__(self, head: CausalConv, card: Card) -> None:
        self._few_rows = 64 * card.multiprocessors
        self.weight = head.linear.weight.detach().float().view(-1, KERNEL).T.contiguous()
        self.bias = head.linear.bias.detach()

    def __call__(self, x: Tensor, state: ConvState, length: int) -> Tensor:
        """Map `x` [B·length, C] to samples [B, length]."""
        rows, channels = x.shape
        samples = x.new_empty(rows // length, length, dtype=torch.float32)
        context, next_context, *strides = state.next_layer((KERNEL - 1) * channels)
        height = 32 if rows < self._few_rows else 128
        head_kernel[(triton.cdiv(rows, height),)](
            x, self.weight, self.bias, context, next_context, *strides, samples, rows, T=length,
            C=channels, BLOCK_M=height,
        )  # fmt: skip
        return samples
