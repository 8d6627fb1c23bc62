"""The acoustic decoder's layers with their weights laid out for the kernels, and the launches."""

from __future__ import annotations

import math

import torch
import triton
from torch import Tensor, nn

from vvcli.engine.kernels import acoustic_tiles as tiles
from vvcli.engine.kernels.acoustic_block import block_kernel
from vvcli.engine.kernels.acoustic_head import commit_kernel, head_kernel
from vvcli.engine.kernels.acoustic_mixer import mixer_kernel
from vvcli.engine.kernels.acoustic_product import feed_forward_kernel, window_kernel
from vvcli.model.acoustic_decoder import KERNEL, Block, CausalConv, CausalUpsample

GROUP = 8  # row tiles that go through the columns together


def _float(parameter: Tensor | None) -> Tensor:
    """A parameter's numbers in float32."""
    if parameter is None:
        raise ValueError("the acoustic decoder's norms have weights")
    return parameter.detach().float()


class Carry:
    """The state before and after a frame, in the order the convolutions run."""

    def __init__(self, context: Tensor) -> None:
        self.context = context
        self.following = context.new_empty(context.shape)  # rows without gaps
        self._offset = 0

    def take(self, width: int) -> tuple[Tensor, Tensor, int, int]:
        """A layer's old numbers, the place for its new ones, and the strides of the two."""
        start, self._offset = self._offset, self._offset + width
        old, new = self.context[:, start:], self.following[:, start:]
        return old, new, old.stride(0), new.stride(0)

    def commit(self, runs: Tensor) -> None:
        """Write the new numbers over the old ones of the streams that run, [B] bool."""
        streams, size = self.following.shape
        old, new = self.context, self.following
        commit_kernel[(triton.cdiv(size, 4096), streams)](
            new, old, new.stride(0), old.stride(0), runs.view(torch.uint8), size,
            BLOCK=4096,
        )  # fmt: skip


class FusedWindow(nn.Module):
    """A dense causal convolution, upsampling or not, as one product over its windows."""

    def __init__(self, weight: Tensor, bias: Tensor, past: int) -> None:
        super().__init__()
        self.past = past
        self.weight = nn.Buffer(weight.contiguous())
        self.bias = nn.Buffer(bias)

    @classmethod
    def of_conv(cls, conv: CausalConv) -> FusedWindow:
        """For one position a frame: the context and the input are the window."""
        outputs = conv.linear.out_features
        weight = conv.linear.weight.detach().view(outputs, -1, KERNEL)
        weight = weight.transpose(1, 2).flatten(1)
        return cls(weight, conv.linear.bias.detach(), weight.shape[1] // KERNEL * (KERNEL - 1))

    @classmethod
    def of_upsample(cls, upsample: CausalUpsample) -> FusedWindow:
        """The window is a row and the one before it."""
        weight = upsample.linear.weight.detach()
        return cls(weight, upsample.bias.detach(), weight.shape[1] // 2)

    def forward(
        self, x: Tensor, carry: Carry, steps: int, eps: float, scales: Tensor | None = None
    ) -> Tensor:
        """Map `x` [B·steps, in] to [B·steps·ratio, out].

        `scales`, if given, receives the inverse RMS of each row of the result.
        """
        rows, width = x.shape
        columns, channels = self.weight.shape[0], self.bias.shape[0]
        whole = 1 if scales is None else channels
        unit = math.gcd(self.past, width)
        tile = tiles.product_tile(rows, columns, self.past + width, unit=unit, whole=whole)
        y = x.new_empty(rows * (columns // channels), channels)
        old, new, *strides = carry.take(self.past)
        window_kernel[(triton.cdiv(rows, tile.rows) * (columns // tile.columns),)](
            x, self.weight, self.bias, old, new, *strides, y, y if scales is None else scales, rows,
            T=steps, N=columns, PAST=self.past, WIDTH=width, CHANNELS=channels,
            BLOCK_ROWS=tile.rows, BLOCK_N=tile.columns, BLOCK_K=tile.depth, GROUP=GROUP, EPS=eps,
            SCALED=scales is not None, num_warps=tile.warps, num_stages=tile.stages,
        )  # fmt: skip
        return y


class FusedBlock(nn.Module):
    """A block as one kernel, or as three where it is wide or has few rows.

    Norm weights and gammas are multiplied into the weights next to them. Those of the second
    product are scaled up by `gain`, a power of two, so that a small gamma costs no precision.
    """

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.eps = block.norm.eps
        scale = _float(block.gamma)
        taps = _float(block.mixer.weight)[:, 0].T * scale  # [7, C]
        self.norm = nn.Buffer(_float(block.norm.weight))
        self.taps = nn.Buffer((taps * self.norm).contiguous())
        self.carried_taps = nn.Buffer(taps.contiguous())
        self.shift = nn.Buffer(scale * _float(block.mixer.bias))
        first = _float(block.linear1.weight) * _float(block.ffn_norm.weight)
        self.weight1 = nn.Buffer(first.half())
        self.bias1 = nn.Buffer(block.linear1.bias.detach().half())
        scale = _float(block.ffn_gamma)
        second = _float(block.linear2.weight) * scale[:, None]
        self.gain = 2.0 ** -math.floor(math.log2(max(float(second.abs().max()), 1e-30)))
        self.weight2 = nn.Buffer((second * self.gain).half())
        self.bias2 = nn.Buffer(_float(block.linear2.bias) * scale * self.gain)

    def forward(self, x: Tensor, carry: Carry, steps: int) -> Tensor:
        """Map `x` [B·steps, C] to the same shape, in three kernels."""
        rows, channels = x.shape
        mixed = torch.empty_like(x)
        normed = torch.empty_like(x, dtype=torch.float16)
        old, new, *strides = carry.take((KERNEL - 1) * channels)
        height = tiles.mixer_rows(channels, rows)
        mixer_kernel[(triton.cdiv(rows, height),)](
            x, old, new, *strides, self.taps, self.carried_taps, self.shift, self.norm, mixed,
            normed, rows, T=steps, C=channels, BLOCK_ROWS=height, EPS=self.eps, num_warps=8,
        )  # fmt: skip
        inner = x.new_empty(rows, 4 * channels, dtype=torch.float16)
        self._product(normed, None, inner)
        y = torch.empty_like(x)
        self._product(inner, mixed, y)
        return y

    def _product(self, x: Tensor, residual: Tensor | None, y: Tensor) -> None:
        first = residual is None
        weight, bias = (self.weight1, self.bias1) if first else (self.weight2, self.bias2)
        rows, depth = x.shape
        columns = weight.shape[0]
        tile = tiles.product_tile(rows, columns, depth)
        feed_forward_kernel[(triton.cdiv(rows, tile.rows) * (columns // tile.columns),)](
            x, weight, bias, y if residual is None else residual, self.gain, y, rows, N=columns,
            K=depth, BLOCK_ROWS=tile.rows, BLOCK_N=tile.columns, BLOCK_K=tile.depth, GROUP=GROUP,
            FIRST=first, num_warps=tile.warps, num_stages=tile.stages,
        )  # fmt: skip

    def in_one(self, x: Tensor, scales: Tensor, carry: Carry, steps: int) -> tuple[Tensor, Tensor]:
        """Map `x` and the inverse RMS of its rows [B·steps] to those after the block."""
        rows, channels = x.shape
        tile = tiles.block_tile(channels, rows)
        y, scales_out = torch.empty_like(x), torch.empty_like(scales)
        old, new, *strides = carry.take((KERNEL - 1) * channels)
        block_kernel[(triton.cdiv(rows, tile.rows),)](
            x, scales, old, new, *strides, self.taps, self.carried_taps, self.shift, self.norm,
            self.weight1, self.bias1, self.weight2, self.bias2, self.gain, y, scales_out, rows,
            T=steps, C=channels, BLOCK_ROWS=tile.rows,
            BLOCK_HIDDEN=min(tile.hidden, 4 * channels), EPS=self.eps,
            num_warps=tile.warps, num_stages=tile.stages,
        )  # fmt: skip
        return y, scales_out


class FusedHead(nn.Module):
    """The convolution to one channel; its samples are float32."""

    def __init__(self, head: CausalConv) -> None:
        super().__init__()
        self.weight = nn.Buffer(head.linear.weight.detach().view(-1, KERNEL).T.contiguous())
        self.bias = nn.Buffer(head.linear.bias.detach())

    def forward(self, x: Tensor, carry: Carry, steps: int) -> Tensor:
        """Map `x` [B·steps, C] to samples [B, steps]."""
        rows, channels = x.shape
        samples = x.new_empty(rows // steps, steps, dtype=torch.float32)
        old, new, *strides = carry.take((KERNEL - 1) * channels)
        height = 32 if rows < 64 * tiles.SMS else 128
        head_kernel[(triton.cdiv(rows, height),)](
            x, self.weight, self.bias, old, new, *strides, samples, rows, T=steps, C=channels,
            BLOCK_ROWS=height,
        )  # fmt: skip
        return samples
