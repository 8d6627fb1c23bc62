"""Small layers that several parts of the model share."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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
