"""Rotary grouped-query attention over a cache that outlives the call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.model.config import LanguageModelConfig


@dataclass
class CacheView:
    """The rows of a KV cache that one call reads and writes, and where.

    `rows` picks rows by index; without it the first R rows are used, uncopied. `limit` bounds
    the positions that are read: the host knows it, so no length is read back from the device.
    """

    kv: Tensor  # [layers, 2, rows, kv_heads, capacity, head_dim]
    positions: Tensor  # [R, S] int64: position of each new token, ascending by one
    rows: Tensor | None  # [R] int64
    limit: int

    def mask(self) -> Tensor:
        """Which positions each new token may attend to, [R, 1, S, limit]: those up to its own.

        Masks built from positions align bottom-right; SDPA's `is_causal` aligns top-left, which
        is wrong over a filled cache.
        """
        cached = torch.arange(self.limit, device=self.positions.device)
        return (cached <= self.positions[..., None])[:, None]

    def write(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Store `k`, `v` [R, S, kv_heads, D]; all keys and values are [R, kv_heads, limit, D]."""
        cache = self.kv[layer]
        cache.transpose(2, 3)[:, self._written, self.positions] = torch.stack([k, v])
        read = cache[:, : k.shape[0], :, : self.limit]
        if self.rows is not None:
            read = cache[:, :, :, : self.limit].index_select(1, self.rows)
        keys, values = read.unbind(0)
        return keys, values

    @cached_property
    def _written(self) -> Tensor:
        """Row of each new token, [R, 1]."""
        if self.rows is not None:
            return self.rows[:, None]
        return torch.arange(self.positions.shape[0], device=self.positions.device)[:, None]


def rope_table(positions: int, head_dim: int, theta: float) -> Tensor:
    """Rotary angles (Su et al., 2021) as cosines and sines, [positions, 2, head_dim] float32.

    Always on the CPU, also inside `torch.device("meta")`: the table is not in any checkpoint.
    """
    exponents = torch.arange(0, head_dim, 2, dtype=torch.float32, device="cpu") / head_dim
    frequencies = 1.0 / theta**exponents  # rounded as in the reference, which shows at position 999
    angles = torch.arange(positions, dtype=torch.float32, device="cpu")[:, None] * frequencies
    angles = torch.cat([angles, angles], dim=-1)
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def rotate(x: Tensor, rope: Tensor) -> Tensor:
    """Apply `rope` [R, S, 2, D] to `x` [R, S, heads, D], halves paired as in Qwen2."""
    cos, sin = rope[:, :, :, None].unbind(2)
    low, high = x.chunk(2, dim=-1)
    return torch.addcmul(x * cos, torch.cat([-high, low], dim=-1), sin)


class Attention(nn.Module):
    """Qwen2's self-attention; q, k and v projections are one matrix with bias."""

    def __init__(self, config: LanguageModelConfig) -> None:
        super().__init__()
        self.kv_heads = config.kv_heads
        self.group = config.attention_heads // config.kv_heads
        self.head_dim = config.head_dim
        rows = (config.attention_heads + 2 * config.kv_heads) * config.head_dim
        self.qkv_proj = nn.Linear(config.hidden_size, rows)
        self.o_proj = nn.Linear(config.hidden_size, config.hidden_size, bias=False)

    def forward(
        self, x: Tensor, rope: Tensor, mask: Tensor, cache: CacheView | None, layer: int
    ) -> Tensor:
        """Attend from `x` [R, S, H] to the cache and itself; returns [R, S, H].

        Without a cache (training) `x` is a whole sequence and only itself is attended to.
        `mask` is [R or 1, 1, S, keys].
        """
        rows, steps, _ = x.shape
        heads = self.qkv_proj(x).view(rows, steps, -1, self.head_dim)
        rotated, v = heads.split([(self.group + 1) * self.kv_heads, self.kv_heads], dim=2)
        rotated = rotate(rotated, rope)
        q, k = rotated.split([self.group * self.kv_heads, self.kv_heads], dim=2)
        if cache is None:
            keys, values = k.transpose(1, 2), v.transpose(1, 2)
        else:
            keys, values = cache.write(layer, k, v)
        # The query heads that share a KV head become more queries of that head, so that
        # neither keys nor values are repeated: [R, kv_heads, group * S, D].
        q = q.view(rows, steps, self.kv_heads, self.group, self.head_dim)
        q = q.permute(0, 2, 3, 1, 4).reshape(rows, self.kv_heads, -1, self.head_dim)
        if steps > 1:
            mask = mask.expand(-1, self.group, -1, -1).reshape(mask.shape[0], 1, -1, keys.shape[2])
        out = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
        out = out.view(rows, self.kv_heads, self.group, steps, self.head_dim)
        return self.o_proj(out.permute(0, 3, 1, 2, 4).reshape(rows, steps, -1))
