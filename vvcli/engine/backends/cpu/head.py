"""The diffusion head for inference on a CPU, in fewer operators."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.engine.backends.cpu.layers import RowLength, packed, scale_of
from vvcli.engine.backends.cpu.transformer import FastSwiGLU
from vvcli.model.diffusion_head import DiffusionHead
from vvcli.model.transformer import RMSNorm


class FastHead(DiffusionHead):
    """`DiffusionHead.sample`, with the scales of norms made part of the modulations."""

    def __init__(self, head: DiffusionHead) -> None:
        nn.Module.__init__(self)  # it has layers of its own
        self.config = head.config
        self.noisy_images_proj = packed(head.noisy_images_proj)  # type: ignore[assignment]
        self.cond_proj = packed(head.cond_proj)  # type: ignore[assignment]
        self.modulation = packed(head.modulation)  # type: ignore[assignment]
        self.final_linear = packed(head.final_linear)  # type: ignore[assignment]
        self.layers = nn.ModuleList(FastSwiGLU(layer.ffn) for layer in head.layers)  # type: ignore[arg-type]
        norms: list[RMSNorm] = [layer.norm for layer in head.layers]  # type: ignore[misc]
        norms.append(head.final_norm)
        self._lengths = [RowLength(norm) for norm in norms]
        self._scales = torch.stack([scale_of(norm) for norm in norms])  # [layers + 1, H]

    def modulate(self, condition: Tensor, timestep_embedding: Tensor) -> Tensor:
        """As `DiffusionHead.modulate`, its scales ready to multiply with."""
        c = self.cond_proj(condition) + timestep_embedding[:, None]
        modulation: Tensor = self.modulation(F.silu(c))
        parts = modulation.unflatten(-1, (-1, c.shape[-1]))  # [S, R, 3 · layers + 2, H]
        parts[:, :, 1::3].add_(1).mul_(self._scales)
        return modulation

    def denoise(self, x: Tensor, modulation: Tensor) -> Tensor:
        """As `DiffusionHead.denoise`, under what this head's `modulate` returned."""
        parts = modulation.chunk(3 * len(self.layers) + 2, dim=-1)
        x = self.noisy_images_proj(x)
        for i, ffn in enumerate(self.layers):
            shift, scale, gate = parts[3 * i : 3 * i + 3]
            modulated = torch.addcmul(shift, x / self._lengths[i](x), scale)
            x.addcmul_(gate, ffn(modulated))
        shift, scale = parts[-2:]
        return self.final_linear(torch.addcmul(shift, x / self._lengths[-1](x), scale))
