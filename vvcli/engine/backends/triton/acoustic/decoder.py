"""The acoustic decoder on CUDA: one or three kernels per block, with the plain module's state.

Wide blocks leave their products to cuBLAS where there are many rows.

Positions of all streams lie one after the other, [B·T, C]. Matrix products of the blocks take
float16: their inputs are normed, so its range suffices, and it rounds eight times finer than
bfloat16. Sums are float32.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vvcli.engine.backends.triton.acoustic import tiles
from vvcli.engine.backends.triton.acoustic.blocks import NarrowBlock, WideBlock
from vvcli.engine.backends.triton.acoustic.convolutions import (
    ConvState,
    FusedOutputConv,
    FusedWindow,
)
from vvcli.engine.backends.triton.common.card import Card, card_of
from vvcli.model.acoustic_decoder import AcousticDecoder, Block, CausalUpsample

MAX_FP16 = torch.finfo(torch.float16).max


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
    if decoder.head.linear.weight.is_meta:  # no numbers: compiled for, and not run
        return True
    return all(
        bool((block.linear1.weight.float() * block.ffn_norm.weight.float()).abs().max() < MAX_FP16)
        and bool(block.linear1.bias.abs().max() < MAX_FP16)
        for stage in _blocks(decoder)
        for block in stage
        if block.ffn_norm.weight is not None
    )


class FusedAcousticDecoder:
    """Decodes one latent a call, as a bfloat16 `AcousticDecoder` that `supports` accepts does."""

    def __init__(self, decoder: AcousticDecoder, card: Card | None = None) -> None:
        card = card or card_of(decoder.head.linear.weight.device)
        self._config = decoder.config
        self._inputs = [FusedWindow.of_conv(decoder.stem, card)]
        for upsample in decoder.upsamples:
            assert isinstance(upsample, CausalUpsample)  # noqa: S101 - for mypy
            self._inputs.append(FusedWindow.of_upsample(upsample, card))
        self._stages = [
            [(NarrowBlock if tiles.fuses(channels) else WideBlock)(block, card) for block in stage]
            for channels, stage in zip(decoder.config.channels, _blocks(decoder), strict=True)
        ]
        self._output = FusedOutputConv(decoder.head, card)

    def advance(self, latents: Tensor, context: Tensor, active_mask: Tensor) -> Tensor:
        """Decode `latents` [B, 1, latent] to samples [B, hop] float32.

        `context` [B, context_size] bfloat16 advances, in place, in the rows where `active_mask`
        [B] bool is true; the others keep every bit. Rows lie without gaps within themselves.
        """
        state = ConvState(context, active_mask)
        x = latents.view(latents.shape[0], -1)
        length = 1
        for i in range(len(self._stages)):
            x, length = self._run_stage(i, x, state, length)
        samples = self._output(x, state, length)
        state.commit()
        return samples

    def _run_stage(self, i: int, x: Tensor, state: ConvState, length: int) -> tuple[Tensor, int]:
        """Rows [B·length, C] through the convolution before stage `i`, and its blocks.

        Returns the rows after it, and how many each stream has.
        """
        blocks, normed = self._stages[i], tiles.fuses(self._config.channels[i])
        rows = self._inputs[i](x, state, length, self._config.norm_eps, normed=normed)
        length *= self._config.ratios[i - 1] if i else 1
        for n, block in enumerate(blocks, 1):
            rows = block(rows, state, length, last=n == len(blocks))
        return rows.values, length


def _blocks(decoder: AcousticDecoder) -> list[list[Block]]:
    return [
        [block for block in stage.children() if isinstance(block, Block)]
        for stage in decoder.stages
    ]
