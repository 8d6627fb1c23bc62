"""The acoustic decoder on CUDA: one or three kernels per block, with the plain module's state.

Positions of all streams lie one after the other, [B·T, C]. Matrix products of the blocks take
float16: their inputs are normed, so its range suffices, and it rounds eight times finer than
bfloat16. Sums are float32. Most kernels leave their part of the next contexts in a buffer beside
the state, for other programs still read the old ones; the last kernel copies it over, in rows that
run.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vvcli.engine.backends.triton.acoustic import tiles
from vvcli.engine.backends.triton.acoustic.blocks import NarrowBlock, WideBlock
from vvcli.engine.backends.triton.acoustic.convolutions import Carry, FusedHead, FusedWindow
from vvcli.model.acoustic_decoder import AcousticDecoder

LARGEST = torch.finfo(torch.float16).max


def supports(decoder: AcousticDecoder) -> bool:
    """Whether the kernels can run `decoder`: bfloat16, widths powers of two from 16 on.

    Weights have to stay within float16 once the norm's are multiplied in. On a device this waits
    for the answer.
    """
    config = decoder.config
    widths = [config.latent_size, *config.channels]
    if any(width < 16 or width & (width - 1) for width in widths):
        return False
    if any(parameter.dtype != torch.bfloat16 for parameter in decoder.parameters()):
        return False
    return all(
        bool((block.linear1.weight.float() * block.ffn_norm.weight.float()).abs().max() < LARGEST)
        and bool(block.linear1.bias.abs().max() < LARGEST)
        for stage in decoder.stages
        for block in stage  # type: ignore[attr-defined]
    )


class FusedAcousticDecoder(nn.Module):
    """Stands in for a bfloat16 AcousticDecoder that `supports` accepts, one position a call."""

    def __init__(self, decoder: AcousticDecoder) -> None:
        super().__init__()
        self.config = decoder.config
        self.context_size = decoder.context_size
        self.stem = FusedWindow.of_conv(decoder.stem)
        self.upsamples = nn.ModuleList(
            FusedWindow.of_upsample(upsample)  # type: ignore[arg-type]
            for upsample in decoder.upsamples
        )
        self.stages = nn.ModuleList(
            nn.ModuleList(
                (NarrowBlock if tiles.fuses(channels) else WideBlock)(block)
                for block in stage  # type: ignore[attr-defined]
            )
            for channels, stage in zip(decoder.config.channels, decoder.stages, strict=True)
        )
        self.head = FusedHead(decoder.head)

    def advance(self, latents: Tensor, context: Tensor, runs: Tensor) -> Tensor:
        """Decode `latents` [B, 1, latent] to samples [B, hop] float32.

        `context` [B, context_size] bfloat16 moves on, in place, in the rows where `runs` [B] bool
        is true; the others keep every bit. Rows lie without gaps within themselves.
        """
        carry = Carry(context, runs)
        x = latents.view(latents.shape[0], -1)
        steps = 1
        for i in range(len(self.stages)):
            x, steps = self.run_stage(i, x, carry, steps)
        samples: Tensor = self.head(x, carry, steps)
        carry.commit()
        return samples

    def run_stage(self, i: int, x: Tensor, carry: Carry, steps: int) -> tuple[Tensor, int]:
        """Rows [B·steps, C] through the convolution before stage `i` and its blocks.

        Gives the rows after it, and how many a stream has.
        """
        window = self.upsamples[i - 1] if i else self.stem
        blocks = list(self.stages[i].children())
        normed = tiles.fuses(self.config.channels[i])
        rows = window(x, carry, steps, self.config.norm_eps, normed=normed)
        length = steps * (self.config.ratios[i - 1] if i else 1)
        for n, block in enumerate(blocks, 1):
            rows = block(rows, carry, length, last=n == len(blocks))
        return rows.values, length
