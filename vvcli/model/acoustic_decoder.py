"""The acoustic decoder: latents to samples, causal, with a fixed-size state that starts at zero.

Everything runs channels-last, [B, T, C]. A convolution sees its inputs after a few past ones, its
context; zeros are the right context for a first frame, so there is no first-chunk branch, and
decoding frame by frame equals one pass over the whole sequence.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.model.config import KERNEL, AcousticDecoderConfig
from vvcli.model.transformer import RMSNorm


class Contexts:
    """Hands each convolution its past inputs and collects the ones for the next call.

    `flat` is [B, size]: the contexts of all convolutions, in the order they run.
    """

    def __init__(self, flat: Tensor) -> None:
        self._flat = flat
        self._offset = 0
        self._next: list[Tensor] = []

    def extend(self, x: Tensor, length: int) -> Tensor:
        """Put `length` past inputs before `x` [B, T, C] and remember the last ones: [B, +T, C]."""
        width = length * x.shape[2]
        past = self._flat[:, self._offset : self._offset + width]
        extended = torch.cat([past.view(x.shape[0], length, x.shape[2]), x], dim=1)
        self._offset += width
        self._next.append(extended[:, -length:].flatten(1))
        return extended

    def next_context(self) -> Tensor:
        """The contexts after this call, [B, size]."""
        return torch.cat(self._next, dim=1)


class CausalConv(nn.Module):
    """A dense convolution of kernel 7 as one matrix product over windows."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.channels_out = channels_out
        self.linear = nn.Linear(KERNEL * channels_in, channels_out)

    def forward(self, x: Tensor, contexts: Contexts) -> Tensor:
        """[B, T, channels_in] to [B, T, channels_out]."""
        windows = contexts.extend(x, KERNEL - 1).unfold(1, KERNEL, 1)  # [B, T, C, 7]
        return self.linear(windows.flatten(2))


class CausalUpsample(nn.Module):
    """A transposed convolution of kernel 2r and stride r, trimmed on the right.

    Each output sees two inputs: `y[t·r + j] = W[j]·x[t] + W[j + r]·x[t - 1] + b`. So one past input
    is the whole state, and the layer is a matrix from (x[t - 1], x[t]) to r outputs.
    """

    def __init__(self, channels_in: int, channels_out: int, ratio: int) -> None:
        super().__init__()
        self.ratio = ratio
        self.linear = nn.Linear(2 * channels_in, ratio * channels_out, bias=False)
        self.bias = nn.Parameter(torch.zeros(channels_out))

    def forward(self, x: Tensor, contexts: Contexts) -> Tensor:
        """[B, T, channels_in] to [B, T·ratio, channels_out]."""
        batch, steps, _ = x.shape
        extended = contexts.extend(x, 1)
        pairs = torch.cat([extended[:, :-1], x], dim=2)
        return self.linear(pairs).view(batch, steps * self.ratio, -1) + self.bias


class DepthwiseConv(nn.Module):
    """A convolution of kernel 7 that keeps channels apart."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, 1, KERNEL))
        self.bias = nn.Parameter(torch.zeros(channels))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    def forward(self, x: Tensor, contexts: Contexts) -> Tensor:
        """Map `x` [B, T, C] to the same shape."""
        extended = contexts.extend(x, KERNEL - 1).transpose(1, 2)
        return F.conv1d(extended, self.weight, self.bias, groups=x.shape[2]).transpose(1, 2)


class Block(nn.Module):
    """Depthwise convolution, then feed-forward with erf GELU; each normed, scaled and residual."""

    def __init__(self, channels: int, eps: float) -> None:
        super().__init__()
        self.norm = RMSNorm(channels, eps)
        self.mixer = DepthwiseConv(channels)
        self.gamma = nn.Parameter(torch.full((channels,), 1e-6))
        self.ffn_norm = RMSNorm(channels, eps)
        self.linear1 = nn.Linear(channels, 4 * channels)
        self.linear2 = nn.Linear(4 * channels, channels)
        self.ffn_gamma = nn.Parameter(torch.full((channels,), 1e-6))

    def forward(self, x: Tensor, contexts: Contexts) -> Tensor:
        """Map `x` [B, T, C] to the same shape."""
        x = x + self.gamma * self.mixer(self.norm(x), contexts)
        inner = F.gelu(self.linear1(self.ffn_norm(x)))
        return x + self.ffn_gamma * self.linear2(inner)


class AcousticDecoder(nn.Module):
    """Stem, then blocks and upsampling in turn, then a convolution to one channel."""

    def __init__(self, config: AcousticDecoderConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.channels
        self.stem = CausalConv(config.latent_size, channels[0])
        self.upsamples = nn.ModuleList(
            CausalUpsample(wide, narrow, ratio)
            for wide, narrow, ratio in zip(channels, channels[1:], config.ratios, strict=False)
        )
        self.stages = nn.ModuleList(
            nn.ModuleList(Block(width, config.norm_eps) for _ in range(depth))
            for width, depth in zip(channels, config.depths, strict=True)
        )
        self.head = CausalConv(channels[-1], 1)

    @property
    def context_size(self) -> int:
        """Numbers of state one stream keeps between frames."""
        return self.config.context_size

    def forward(self, latents: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Decode `latents` [B, T, latent] to samples [B, T·hop] and the next context.

        `context` [B, context_size] comes from the previous call; None means the start.
        """
        if context is None:
            context = latents.new_zeros(latents.shape[0], self.context_size)
        contexts = Contexts(context)
        x = self.stem(latents, contexts)
        for i, stage in enumerate(self.stages):
            if i:
                x = self.upsamples[i - 1](x, contexts)
            for block in stage:  # type: ignore[attr-defined]
                x = block(x, contexts)
        return self.head(x, contexts).squeeze(2), contexts.next_context()

    def advance(self, latents: Tensor, context: Tensor, active_mask: Tensor) -> Tensor:
        """Decode as `forward` does, and write the next `context` in place, in the active rows.

        `active_mask` is [B] bool; samples are [B, T·hop].
        """
        samples, next_context = self(latents, context)
        context.copy_(torch.where(active_mask[:, None], next_context, context))
        return samples
