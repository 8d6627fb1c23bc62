"""A voice: the state a stream starts from, prefilled by whoever published it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Voice:
    """Prefilled caches; generation copies them, and never writes to them.

    The unconditional path starts from one position, whose hidden state is the first
    unconditional condition. The text path needs no hidden state: the first text window sets it.
    """

    name: str
    lm_kv: Tensor  # [text_layers, 2, kv_heads, T_text, head_dim]
    tts_kv: Tensor  # [tts_layers, 2, kv_heads, T, head_dim]
    negative_kv: Tensor  # [tts_layers, 2, kv_heads, T_negative, head_dim]
    negative_hidden: Tensor  # [hidden_size]

    def to(self, device: torch.device, dtype: torch.dtype) -> Voice:
        """The same voice elsewhere or in another type."""
        return Voice(
            self.name,
            self.lm_kv.to(device, dtype),
            self.tts_kv.to(device, dtype),
            self.negative_kv.to(device, dtype),
            self.negative_hidden.to(device, dtype),
        )
