"""A trained decoder with other numbers of blocks, to go on training from.

Blocks are residual: one that is left out changes little if it adds little, and a new one whose
gammas are nearly zero changes nothing until it is trained.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn

from vvcli.model.acoustic_decoder import AcousticDecoder, Block
from vvcli.voicelab.decoding import decode
from vvcli.voicelab.signals import mel_loss

_GAMMA = 1e-4


@torch.no_grad()
def with_depths(
    decoder: AcousticDecoder, depths: tuple[int, ...], latents: Tensor
) -> AcousticDecoder:
    """A copy of `decoder` that has `depths[i]` blocks in stage i.

    Where a stage has too many, the block goes without which the sound of `latents` [B, T, latent]
    changes least in its mel spectra, one after the other. New blocks come last in their stage.

    Raises:
        ValueError: `depths` has another number of stages.
    """
    if len(depths) != len(decoder.stages):
        raise ValueError(f"{len(depths)} depths for {len(decoder.stages)} stages")
    changed = copy.deepcopy(decoder)
    changed.config = replace(decoder.config, depths=depths)
    whole = decode(decoder, latents)
    stages: list[nn.ModuleList] = list(changed.stages)  # type: ignore[arg-type]
    while crowded := [i for i, stage in enumerate(stages) if len(stage) > depths[i]]:
        losses = {}
        for i in crowded:
            blocks = list(stages[i])
            for left_out in range(len(blocks)):
                changed.stages[i] = nn.ModuleList(blocks[:left_out] + blocks[left_out + 1 :])
                losses[i, left_out] = mel_loss(decode(changed, latents), whole).item()
            changed.stages[i] = stages[i]
        i, left_out = min(losses, key=lambda key: losses[key])
        blocks = list(stages[i])
        stages[i] = nn.ModuleList(blocks[:left_out] + blocks[left_out + 1 :])
        changed.stages[i] = stages[i]
    for i, stage in enumerate(stages):
        for _ in range(depths[i] - len(stage)):
            block = Block(decoder.config.channels[i], decoder.config.norm_eps)
            nn.init.constant_(block.gamma, _GAMMA)
            nn.init.constant_(block.ffn_gamma, _GAMMA)
            stage.append(block)
    return changed
