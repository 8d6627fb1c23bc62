"""Moves the weight of a norm into the product that follows it: `(x·w) @ W.T = x @ (W·w).T`."""

from __future__ import annotations

from torch import Tensor

from vvcli.model.transformer import RMSNorm


def fold_norm(norm: RMSNorm, weight: Tensor) -> Tensor:
    """`weight` [N, K] with the norm's own [K] multiplied in, in the dtype of `weight`.

    A norm without weights leaves `weight` as it is.
    """
    if norm.weight is None:
        return weight
    return (weight.float() * norm.weight.float()).to(weight.dtype)
