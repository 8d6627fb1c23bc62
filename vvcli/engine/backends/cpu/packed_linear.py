"""Linear layers for inference on a CPU, with weights stored and laid out for fast reading.

A frame of few streams is bound by reading weights. Times below are of 2 rows times 320 by 1280
weights that are in no cache, on one core of an AMD EPYC; MKL's product with the plain matrix
takes 248 us.
"""

from __future__ import annotations

import warnings
from functools import lru_cache

import torch
from torch import Tensor, nn


class HalfLinear(nn.Module):
    """A linear layer that computes in float32 with weights kept in float16: 33 us, 4 us a call.

    FBGEMM's product turns them back into float32 as it reads them. The call that costs least
    runs on one thread; the one that shares its work out over `threads` costs 10 us more.
    """

    def __init__(self, linear: nn.Linear, threads: int) -> None:
        super().__init__()
        weight = linear.weight.detach()
        self._bias = linear.bias
        self._shared_out = threads > 1
        if self._shared_out:
            self._weight = torch.ops.quantized.linear_prepack_fp16(weight, linear.bias)
        else:
            self._weight = torch.fbgemm_pack_gemm_matrix_fp16(weight)

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] to [..., out]."""
        if self._shared_out:
            return torch.ops.quantized.linear_dynamic_fp16(x, self._weight)
        return torch.fbgemm_linear_fp16_weight_fp32_activation(x, self._weight, self._bias)


class PackedLinear(nn.Module):
    """A linear layer with its weight in oneDNN's blocked layout: 148 us, 17 us a call."""

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


@lru_cache
def can_halve() -> bool:
    """Whether this build of torch and this CPU have the product with float16 weights.

    It is marked as deprecated, and torch before 2.9 takes no missing bias.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns once a process, so here and never again
            for threads in (1, 2):
                HalfLinear(nn.Linear(16, 16, bias=False), threads)(torch.zeros(1, 16))
    except (AttributeError, RuntimeError, TypeError):
        return False
    return True


def fits_half(weight: Tensor) -> bool:
    """Whether float16 holds `weight` [out, in] to within the rounding of float32 arithmetic.

    True of weights that were float16 in their file, and, as bfloat16 is the coarser one, of most
    that were bfloat16: only numbers below 2^-17 lose digits.
    """
    half = weight.half().float()
    if not half.isfinite().all():  # numbers beyond float16, whose norms may be infinite, too
        return False
    error = torch.linalg.vector_norm(weight - half)
    return bool(error <= 2**-24 * torch.linalg.vector_norm(weight))


def packed(linear: nn.Linear) -> nn.Module:
    """The fastest layer here that computes the same as `linear`."""
    weight = linear.weight.detach()
    if weight.dtype == torch.float32 and fits_half(weight) and can_halve():
        return HalfLinear(linear, torch.get_num_threads())
    return PackedLinear(linear) if can_pack(weight.dtype) else linear
