"""Qwen2 decoder layers, of which the model has two stacks: text LM and TTS LM."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vvcli.model.attention import Attention, CacheView, rope_table
from vvcli.model.config import LanguageModelConfig
from vvcli.model.layers import RMSNorm, SwiGLU


class DecoderLayer(nn.Module):
    """Pre-norm attention and feed-forward, each with a residual."""

    def __init__(self, config: LanguageModelConfig) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = SwiGLU(config.hidden_size, config.intermediate_size)

    def forward(
        self, x: Tensor, rope: Tensor, mask: Tensor, cache: CacheView | None, layer: int
    ) -> Tensor:
        """Map `x` [R, S, H] to the same shape; see `Attention.forward`."""
        x = x + self.self_attn(self.input_layernorm(x), rope, mask, cache, layer)
        return x + self.mlp(self.post_attention_layernorm(x))


class Transformer(nn.Module):
    """A stack of decoder layers; the text LM has no final norm, the TTS LM has one."""

    rope: Tensor  # [max_positions, 2, head_dim]

    def __init__(self, config: LanguageModelConfig, layers: int, *, final_norm: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(layers))
        self.norm = (
            RMSNorm(config.hidden_size, config.rms_norm_eps) if final_norm else nn.Identity()
        )
        table = rope_table(config.max_positions, config.head_dim, config.rope_theta)
        self.register_buffer("rope", table, persistent=False)

    def forward(self, x: Tensor, cache: CacheView | None = None) -> Tensor:
        """Hidden states [R, S, H] for inputs `x` [R, S, H].

        With `cache`, `x` continues each row at `cache.positions`, and its keys and values are
        written there in place. Without, each row is a whole sequence from position 0.
        """
        if cache is None:
            steps = torch.arange(x.shape[1], device=x.device)
            positions, mask = steps[None], (steps <= steps[:, None])[None, None]
        else:
            # A padding token of a text window may stand past the last position; it is never
            # read, but its table row must exist.
            positions = cache.positions.clamp(max=self.rope.shape[0] - 1)
            mask = cache.mask()
        rope = self.rope[positions].to(x.dtype)
        for i, layer in enumerate(self.layers):
            x = layer(x, rope, mask, cache, i)
        return self.norm(x)
