"""The decoder layers of both LMs in five kernels each, with the plain ones as the reference.

All layers in one launch, whose programs wait for each other, is hardly faster (on an H200 0.498 ms
against 0.505 at 2 rows, 0.661 against 0.691 at 64): a launch in a graph takes as long as a barrier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
import triton
from torch import Tensor, nn

from vvcli.engine.backends.triton.common.card import Card, card_of
from vvcli.engine.backends.triton.common.fold_norm import fold_norm
from vvcli.engine.backends.triton.common.linear import linear
from vvcli.engine.backends.triton.common.norm import normalise
from vvcli.engine.backends.triton.common.primitives import INTERPRETED
from vvcli.engine.backends.triton.common.residual import add
from vvcli.engine.backends.triton.common.row_sums import RowSums
from vvcli.engine.backends.triton.common.swiglu import gate, gated
from vvcli.engine.backends.triton.common.tile import ANY, Tile, fit, pick
from vvcli.engine.backends.triton.lm.attention import AttentionTile, attend
from vvcli.engine.backends.triton.lm.qkv import project_qkv
from vvcli.engine.backends.triton.lm.rotary import rotate
from vvcli.model.transformer import CacheView, DecoderLayer, RMSNorm, Transformer


@dataclass(frozen=True)
class LayerPlan:
    """Tiles of a layer's four products; None leaves a product to cuBLAS."""

    qkv: Tile | None
    o: Tile | None
    gate_up: Tile | None
    down: Tile | None

    def fitted(self, card: Card) -> LayerPlan:
        """The same within the shared memory of `card`; gate and up, and halves, are two columns."""
        pairs = {
            name: tile and fit(tile, card, columns=2 * tile.block_n)
            for name, tile in (("qkv", self.qkv), ("gate_up", self.gate_up))
        }
        return replace(
            self, **pairs, o=self.o and fit(self.o, card), down=self.down and fit(self.down, card)
        )


# By number of rows, up to and including; chosen by time on an H200. With many rows cuBLAS and a
# pass of its own are faster than a fused product, and every tile less is a kernel less to compile.
PLANS: dict[int, LayerPlan] = {
    16: LayerPlan(
        qkv=Tile(16, 8, 128, 2, 7),
        o=Tile(16, 8, 128, 2, 7),
        gate_up=Tile(16, 32, 128, 2, 4),
        down=Tile(16, 32, 64, 4, 8, split_k=4),
    ),
    64: LayerPlan(
        qkv=Tile(64, 8, 128, 4, 6),
        o=Tile(64, 16, 128, 4, 4),
        gate_up=Tile(64, 32, 64, 4, 6),
        down=Tile(64, 32, 64, 4, 6, split_k=4),
    ),
    192: LayerPlan(
        qkv=Tile(64, 16, 64, 4, 5),
        o=Tile(64, 32, 64, 4, 5),
        gate_up=None,
        down=Tile(64, 32, 64, 4, 6, split_k=4),
    ),
    768: LayerPlan(qkv=None, o=Tile(64, 64, 64, 4, 5), gate_up=None, down=None),
    ANY: LayerPlan(qkv=None, o=Tile(64, 128, 64, 4, 4), gate_up=None, down=None),
}

# Tiles of attention, by number of rows of the cache. More splits shorten the wait for one long
# row, and only matter while there are fewer rows than multiprocessors.
ATTENTION_TILES: dict[int, AttentionTile] = {
    16: AttentionTile(block_keys=64, splits=4, num_warps=4, num_stages=2),
    128: AttentionTile(block_keys=128, splits=1, num_warps=4, num_stages=3),
    ANY: AttentionTile(block_keys=64, splits=1, num_warps=2, num_stages=3),
}


def supports(transformer: Transformer) -> bool:
    """Whether the kernels can stand in for `transformer`."""
    weight = next(transformer.parameters())
    width = weight.shape[-1]
    head_dim = transformer.rope.shape[-1]
    return (
        weight.dtype == torch.bfloat16
        and (weight.device.type != "cpu" or INTERPRETED.value)
        and width % 8 == 0
        and head_dim >= 16
        and head_dim & (head_dim - 1) == 0
    )


class FusedTransformer:
    """Continues cached rows through a transformer with Triton kernels.

    It has copies of the products that follow a norm, with the norm's weight folded in, and shares
    all other parameters of `plain`.

    Rows do not depend on each other: for one number of rows, the same row gives the same bits.

    Args:
        plain: a bfloat16 transformer that `supports` accepts.
        card: to choose tiles for; default: the one that `plain` lies on.
    """

    def __init__(self, plain: Transformer, card: Card | None = None) -> None:
        card = card or card_of(plain.rope.device)
        self._plans = {rows: plan.fitted(card) for rows, plan in PLANS.items()}
        self._rope = plain.rope.float().contiguous()
        self._layers = [_fold_layer(layer) for layer in plain.layers]
        self._norm = plain.norm.weight if isinstance(plain.norm, RMSNorm) else None
        self._has_norm = isinstance(plain.norm, RMSNorm)

    def __call__(self, x: Tensor, cache: CacheView) -> Tensor:
        """As `Transformer.forward`; `cache.limit` plays no part, the device knows the lengths."""
        rows, steps, hidden = x.shape
        out = self._continue(x.reshape(rows * steps, hidden), cache)
        return out.view(rows, steps, hidden)

    def _continue(self, x: Tensor, cache: CacheView) -> Tensor:
        """The hidden states [R·S, H] of `x`, R·S rows."""
        plan = pick(self._plans, x.shape[0])
        tile = pick(ATTENTION_TILES, cache.positions.shape[0])
        index = None if cache.rows is None else cache.rows.contiguous()
        cache = replace(cache, positions=cache.positions.contiguous(), rows=index)
        eps = self._layers[0].eps
        after_down, after_o = _sums(x, plan.down, eps), _sums(x, plan.o, eps)
        add(x, None, x, after_down)
        out = torch.empty_like(x)
        for i, layer in enumerate(self._layers):
            heads = self._heads(layer, x, after_down, cache, i, plan.qkv)
            heads = attend(heads, cache, i, tile).flatten(1)
            x = _add_product(x, heads, layer.o, out, after_o, plan.o)
            inner = self._inner(layer, x, after_o, plan.gate_up)
            x = _add_product(x, inner, layer.down, out, after_down, plan.down)
        if self._has_norm:
            x = normalise(x, after_down, weight=self._norm)
        return x

    def _heads(
        self, layer: _LayerWeights, x: Tensor, sums: RowSums, cache: CacheView, index: int,
        tile: Tile | None,
    ) -> Tensor:  # fmt: skip
        """Rotated queries of `x`, whose keys and values are then in the cache."""
        rope = self._rope
        if tile is None:
            product = F.linear(x, layer.qkv)
            return rotate(product, layer.bias, sums, rope, cache, index, x.shape[1])
        tile = replace(tile, block_n=min(tile.block_n, rope.shape[-1] // 2))
        return project_qkv(x, layer.qkv, layer.bias, sums, rope, cache, index, tile)

    def _inner(self, layer: _LayerWeights, x: Tensor, sums: RowSums, tile: Tile | None) -> Tensor:
        if tile is None:
            return gate(F.linear(x, layer.gate_up), sums, x.shape[1])
        return gated(x, layer.gate_up, tile, sums=sums)


@dataclass(frozen=True)
class _LayerWeights:
    """The weights of a decoder layer, with those of the norms folded into products."""

    qkv: Tensor
    bias: Tensor
    o: Tensor
    gate_up: Tensor
    down: Tensor
    eps: float


def _fold_layer(layer: nn.Module) -> _LayerWeights:
    assert isinstance(layer, DecoderLayer)  # noqa: S101 - for mypy
    attention, mlp = layer.self_attn, layer.mlp
    return _LayerWeights(
        qkv=fold_norm(layer.input_layernorm, attention.qkv_proj.weight),
        bias=attention.qkv_proj.bias,
        o=attention.o_proj.weight,
        gate_up=fold_norm(layer.post_attention_layernorm, mlp.gate_up_proj.weight),
        down=mlp.down_proj.weight,
        eps=layer.input_layernorm.eps,
    )


def _sums(x: Tensor, tile: Tile | None, eps: float) -> RowSums:
    """Room for the sums of rows that a product with `tile` writes."""
    parts = 1 if tile is None else triton.cdiv(x.shape[1], tile.block_n)
    return RowSums.allocate(x.shape[0], parts, eps, x.device)


def _add_product(
    x: Tensor, inner: Tensor, weight: Tensor, out: Tensor, sums: RowSums, tile: Tile | None,
) -> Tensor:  # fmt: skip
    """`x + inner @ weight.T` into `out`, which may be `x`, and the sums of its rows."""
    if tile is None:
        return add(x, F.linear(inner, weight), out, sums)
    return linear(inner, weight, tile, residual=x, out=out, sums_out=sums)
