"""The acoustic decoder for inference on a CPU: fewer passes over its narrow stages, no copies.

The past inputs of the convolutions are read and written where they lie. Weights, biases and gammas
that only scale or shift what comes next are folded into it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vvcli.engine.backends.cpu.layers import (
    MANY_ROWS,
    RowLength,
    feed_forward,
    packed,
    scale_of,
)
from vvcli.model.acoustic_decoder import AcousticDecoder, Block, CausalConv, CausalUpsample
from vvcli.model.config import KERNEL

PAST = KERNEL - 1  # inputs that a convolution keeps

# Elementwise operators run once over each row of a matrix, which costs more than 16 numbers of it.
# So the narrow stages are looked at with several positions in a row of up to so many numbers.
ROW = 512


class PastInputs:
    """Hands each convolution its past inputs, [B, n, C], to be overwritten by those of this call.

    `flat` is [B, size]: those of all convolutions, in the order they run.
    """

    def __init__(self, flat: Tensor) -> None:
        self._flat = flat
        self._offset = 0

    def take(self, length: int, channels: int) -> Tensor:
        """A view of the next convolution's inputs, `length` of them."""
        start, self._offset = self._offset, self._offset + length * channels
        return self._flat[:, start : self._offset].unflatten(1, (length, channels))

    def extended(self, length: int, x: Tensor) -> Tensor:
        """The past inputs and `x` [B, T, C], of which the last ones become the past: [B, +T, C]."""
        past = self.take(length, x.shape[2])
        both = torch.cat([past, x], dim=1)
        past.copy_(both[:, -length:])
        return both


class FastBlock(nn.Module):
    """The decoder's `Block`, its depthwise convolution as shifted inputs added to the residual.

    A convolution of few channels or positions costs oneDNN 60 us before any arithmetic.

    Args:
        block: whose weights it takes.
        steps: positions that a latent has here.
        fixed: see `packed`.
    """

    def __init__(self, block: Block, steps: int, *, fixed: bool) -> None:
        super().__init__()
        size, gamma, mixer = block.norm.size, block.gamma.detach(), block.mixer
        taps = gamma * scale_of(block.norm) * mixer.weight.detach()[:, 0].t()  # [7, C]
        self._positions = max(n for n in range(1, steps + 1) if not steps % n and n * size <= ROW)
        self._taps = taps.repeat(1, self._positions).unbind(0)
        self._bias = gamma * mixer.bias.detach()
        self._length = RowLength(block.norm)
        self.feed_forward = feed_forward(block, many_rows=steps >= MANY_ROWS, fixed=fixed)

    def forward(self, x: Tensor, past_inputs: PastInputs) -> Tensor:
        """Map `x` [B, T, C] to the same shape."""
        batch, steps, channels = x.shape
        extended = x.new_empty(batch, PAST + steps, channels)
        past = past_inputs.take(PAST, channels)
        extended[:, :PAST] = past
        torch.div(x, self._length(x), out=extended[:, PAST:])
        past.copy_(extended[:, steps:])
        width = self._positions * channels
        shifted = extended.as_strided(
            (KERNEL, batch, steps // self._positions, width),
            (channels, (PAST + steps) * channels, width, 1),
        )
        x = x + self._bias
        rows = x.view(shifted.shape[1:])
        for inputs, tap in zip(shifted.unbind(0), self._taps, strict=True):
            rows.addcmul_(inputs, tap)
        return self.feed_forward(x)


class FastUpsample(nn.Module):
    """The decoder's `CausalUpsample`, its bias inside of the product."""

    def __init__(self, upsample: CausalUpsample, steps: int, *, fixed: bool) -> None:
        super().__init__()
        self.ratio = upsample.ratio
        plain = nn.Linear(upsample.linear.in_features, upsample.linear.out_features)
        plain.weight.data = upsample.linear.weight.detach()
        plain.bias.data = upsample.bias.detach().repeat(self.ratio)
        self.linear = packed(plain, many_rows=steps >= MANY_ROWS, fixed=fixed)

    def forward(self, x: Tensor, past_inputs: PastInputs) -> Tensor:
        """[B, T, channels_in] to [B, T·ratio, channels_out]."""
        batch, steps, channels = x.shape
        pairs = x.new_empty(batch, steps, 2 * channels)
        past = past_inputs.take(1, channels)
        pairs[:, :1, :channels] = past
        pairs[:, 1:, :channels] = x[:, :-1]
        pairs[:, :, channels:] = x
        past.copy_(x[:, -1:])
        return self.linear(pairs).view(batch, steps * self.ratio, -1)


class FastConv(nn.Module):
    """The decoder's first convolution, as one product over windows."""

    def __init__(self, conv: CausalConv) -> None:
        super().__init__()
        self.linear = packed(conv.linear)

    def forward(self, x: Tensor, past_inputs: PastInputs) -> Tensor:
        """[B, T, channels_in] to [B, T, channels_out]."""
        return self.linear(past_inputs.extended(PAST, x).unfold(1, KERNEL, 1).flatten(2))


class FastOutputConv(nn.Module):
    """The decoder's last convolution: each input's seven products first, then sums of them.

    No window is copied: of 16 channels to one, windows are seven times the input.
    """

    def __init__(self, conv: CausalConv, *, fixed: bool) -> None:
        super().__init__()
        weight = conv.linear.weight.detach()  # [1, C·7]
        taps = nn.Linear(weight.shape[1] // KERNEL, KERNEL, bias=False, dtype=weight.dtype)
        taps.weight.data = weight.view(-1, KERNEL).t().contiguous()  # [7, C]
        self._taps = packed(taps, many_rows=True, fixed=fixed)
        self._bias = conv.linear.bias.detach()

    def forward(self, x: Tensor, past_inputs: PastInputs) -> Tensor:
        """[B, T, C] to [B, T, 1]."""
        products = self._taps(past_inputs.extended(PAST, x))  # [B, T + 6, 7]
        windows = products.unfold(1, KERNEL, 1)  # [B, T, 7 taps, 7 positions]
        return windows.diagonal(dim1=2, dim2=3).sum(-1, keepdim=True).add_(self._bias)


class FastDecoder(nn.Module):
    """`AcousticDecoder.advance` for float32 weights."""

    def __init__(self, decoder: AcousticDecoder, *, fixed: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = [FastConv(decoder.stem)]
        steps = 1
        for i, stage in enumerate(decoder.stages):
            if i:
                upsample: CausalUpsample = decoder.upsamples[i - 1]  # type: ignore[assignment]
                layers.append(FastUpsample(upsample, steps, fixed=fixed))
                steps *= upsample.ratio
            layers += [FastBlock(block, steps, fixed=fixed) for block in stage]  # type: ignore[attr-defined]
        self.layers = nn.ModuleList([*layers, FastOutputConv(decoder.head, fixed=fixed)])

    def advance(self, latents: Tensor, context: Tensor, active_mask: Tensor) -> Tensor:
        """See `AcousticDecoder.advance`."""
        before = None if bool(active_mask.all()) else context.clone()
        past_inputs = PastInputs(context)
        x = latents
        for layer in self.layers:
            x = layer(x, past_inputs)
        if before is not None:
            context.copy_(torch.where(active_mask[:, None], context, before))
        return x.squeeze(2)
