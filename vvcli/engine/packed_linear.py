"""Linear layers with weights in the blocked layout oneDNN reads fastest on a CPU.

A frame of few streams is bound by reading weights. MKL's float32 product of 2 to 16 rows reads
them at 6 to 10 GB/s on an AMD EPYC core pair, oneDNN's packed one at 18 to 24 GB/s.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PackedLinear(nn.Module):
    """A linear layer for inference on the CPU; its weight is no longer a plain matrix."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach())
        self._bias = linear.bias

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] to [..., out]."""
        return torch.ops.mkldnn._linear_pointwise(x, self._weight, self._bias, "none", [], "")


def can_pack(dtype: torch.dtype) -> bool:
    """Whether this build of torch and this CPU have the packed product for `dtype`."""
    if not torch._C._has_mkldnn:
        return False
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return dtype == torch.float32


def pack_linears(module: nn.Module) -> None:
    """Replace every linear layer below `module`, in place, freeing each plain weight."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, PackedLinear(child))
        else:
            pack_linears(child)
