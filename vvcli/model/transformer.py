"""Qwen2 decoder layers, of which the model has two stacks: text LM and TTS LM.

From the small to the whole: norm and feed-forward, which the diffusion head uses too; the KV cache,
which outlives a call; rotary grouped-query attention; a layer; the stack.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.model.config import LanguageModelConfig


class RMSNorm(nn.Module):
    """Root-mean-square norm over the last dimension (Zhang and Sennrich, 2019).

    With `affine=False` there is no weight, as in the head's final layer.
    """

    def __init__(self, size: int, eps: float, *, affine: bool = True) -> None:
        super().__init__()
        self.size = size
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(size)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `x` [..., size]; the mean square is taken in float32."""
        return F.rms_norm(x, (self.size,), self.weight, self.eps)


class SwiGLU(nn.Module):
    """Gated feed-forward layer (Shazeer, 2020); gate and up projections are one matrix."""

    def __init__(self, size: int, inner: int) -> None:
        super().__init__()
        self.gate_up_proj = nn.Linear(size, 2 * inner, bias=False)
        self.down_proj = nn.Linear(inner, size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` [..., size] to the same shape."""
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        return self.down_proj(F.silu(gate) * up)


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


def mask_of_group(mask: Tensor, group: int) -> Tensor:
    """A mask [R or 1, 1, S, keys] for the queries of `attend`, [R or 1, 1, group * S, keys].

    With one query a head it is broadcast as it is.
    """
    if mask.shape[2] == 1:
        return mask
    return mask.expand(-1, group, -1, -1).reshape(mask.shape[0], 1, -1, mask.shape[3])


def attend(q: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """Attend from `q` [R, S, N, D] to keys and values [R, kv_heads, keys, D]; returns [R, S, N·D].

    The query heads that share a KV head become more queries of that head, so that neither keys nor
    values are repeated: [R, kv_heads, group * S, D]. `mask` is what `mask_of_group` made.
    """
    rows, steps, _, head_dim = q.shape
    kv_heads = keys.shape[1]
    q = q.view(rows, steps, kv_heads, -1, head_dim)
    q = q.permute(0, 2, 3, 1, 4).reshape(rows, kv_heads, -1, head_dim)
    out = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
    out = out.view(rows, kv_heads, -1, steps, head_dim)
    return out.permute(0, 3, 1, 2, 4).reshape(rows, steps, -1)


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
        return self.o_proj(attend(q, keys, values, mask_of_group(mask, self.group)))


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
