"""The language models' layers for inference on a CPU, in fewer operators."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.engine.backends.cpu.layers import FastNorm, packed
from vvcli.model.transformer import (
    Attention,
    CacheView,
    DecoderLayer,
    SwiGLU,
    Transformer,
    attend,
    mask_of_group,
)


class FastSwiGLU(nn.Module):
    """`SwiGLU` that writes into its own intermediate results."""

    def __init__(self, ffn: SwiGLU) -> None:
        super().__init__()
        self.gate_up_proj, self.down_proj = packed(ffn.gate_up_proj), packed(ffn.down_proj)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` [..., size] to the same shape."""
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        return self.down_proj(F.silu(gate).mul_(up))


class FastAttention(nn.Module):
    """`Attention` over a cache; mask and angles come as they are computed with."""

    def __init__(self, attention: Attention) -> None:
        super().__init__()
        self._kv_heads, self._group = attention.kv_heads, attention.group
        self._head_dim = attention.head_dim
        self.qkv_proj, self.o_proj = packed(attention.qkv_proj), packed(attention.o_proj)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, cache: CacheView, layer: int
    ) -> Tensor:
        """Attend from `x` [R, S, H] to the cache and itself; returns [R, S, H].

        `cos` and `sin` are [R, S, 1, D], the first half of `sin` negated; `mask`, which is added,
        is what `mask_of_group` made.
        """
        rows, steps, _ = x.shape
        heads = self.qkv_proj(x).view(rows, steps, -1, self._head_dim)
        rotated, v = heads.split([(self._group + 1) * self._kv_heads, self._kv_heads], dim=2)
        turned = rotated.roll(self._head_dim // 2, -1)
        rotated = (rotated * cos).addcmul_(turned, sin)
        q, k = rotated.split([self._group * self._kv_heads, self._kv_heads], dim=2)
        keys, values = cache.write(layer, k, v)
        return self.o_proj(attend(q, keys, values, mask))


class FastLayer(nn.Module):
    """`DecoderLayer`."""

    def __init__(self, layer: DecoderLayer) -> None:
        super().__init__()
        self.input_layernorm = FastNorm(layer.input_layernorm)
        self.self_attn = FastAttention(layer.self_attn)
        self.post_attention_layernorm = FastNorm(layer.post_attention_layernorm)
        self.mlp = FastSwiGLU(layer.mlp)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, cache: CacheView, layer: int
    ) -> Tensor:
        """Map `x` [R, S, H] to the same shape; see `FastAttention.forward`."""
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask, cache, layer)
        return x.add_(self.mlp(self.post_attention_layernorm(x)))


class FastTransformer(nn.Module):
    """`Transformer` over a cache, with what all layers share computed once."""

    def __init__(self, transformer: Transformer) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            FastLayer(layer)  # type: ignore[arg-type]
            for layer in transformer.layers
        )
        self.norm = (
            nn.Identity()
            if isinstance(transformer.norm, nn.Identity)
            else FastNorm(transformer.norm)
        )
        attention: Attention = transformer.layers[0].self_attn  # type: ignore[assignment]
        self._group = attention.group
        # Rotating by half a turn makes (-high, low) of (low, high), and so does a roll with this.
        self._rope = transformer.rope.clone()  # [positions, 2, D]
        self._rope[:, 1, : attention.head_dim // 2].neg_()

    def forward(self, x: Tensor, cache: CacheView) -> Tensor:
        """See `Transformer.forward`."""
        # A padding token of a text window may stand past the last position; it is never
        # read, but its table row must exist.
        positions = cache.positions.clamp(max=self._rope.shape[0] - 1)
        cos, sin = self._rope[positions][:, :, :, None].unbind(2)
        mask = torch.zeros((), dtype=x.dtype).where(cache.mask(), -torch.inf)
        mask = mask_of_group(mask, self._group)
        for i, layer in enumerate(self.layers):
            x = layer(x, cos, sin, mask, cache, i)
        return self.norm(x)
