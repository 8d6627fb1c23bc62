"""Layers for inference on a CPU: the results of the model's own in fewer passes and calls.

A frame of a small model calls about a thousand torch operators, and calling one takes a
microsecond or more however little it does. The layers here write into their own intermediate
results, so they have no gradients.

A frame of few streams is bound by reading weights, so linear layers have theirs stored and laid out
for fast reading. Times below are of 2 rows times 320 by 1280 weights that are in no cache, on one
core of an AMD EPYC; MKL's product with the plain matrix takes 248 us.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from math import isfinite

import torch
from torch import Tensor, nn

from vvcli.model.acoustic_decoder import Block
from vvcli.model.transformer import RMSNorm


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
    """A linear layer with its weight in oneDNN's blocked layout: 148 us, 17 us a call.

    With `gelu` what comes out went through that. (Adding a tensor to it takes oneDNN milliseconds.)
    """

    def __init__(self, linear: nn.Linear, *, gelu: bool = False) -> None:
        super().__init__()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach())
        self._bias = linear.bias
        self._activation = "gelu" if gelu else "none"

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] to [..., out]."""
        return torch.ops.mkldnn._linear_pointwise(
            x, self._weight, self._bias, self._activation, [], "none"
        )


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
    error = float(torch.linalg.vector_norm(half.sub_(weight)))
    # Infinite of numbers beyond float16, whose own norm may be that, too.
    return isfinite(error) and error <= 2**-24 * float(torch.linalg.vector_norm(weight))


# A layer of so many rows a stream is bound by arithmetic, and FBGEMM's by what it does first:
# 1,388 us for 15,360 rows of 64 to 16 numbers, where oneDNN's takes 384.
MANY_ROWS = 32
NARROW = 64


def packed(linear: nn.Linear, *, many_rows: bool = False, fixed: bool = False) -> nn.Module:
    """The fastest layer here that computes the same as `linear`, of `many_rows` if there are.

    That of many rows is MKL's, which costs 50 us a call less than oneDNN's. With `fixed`, a row's
    bits must not depend on its place among others, as MKL's and FBGEMM's do on a CPU without
    AVX-512 (FBGEMM's for what six does not divide); oneDNN's were seen to keep that on every kind.
    """
    weight = linear.weight.detach()
    if weight.dtype == torch.float32 and not fixed:
        if many_rows:
            return linear
        if fits_half(weight) and can_halve():
            return HalfLinear(linear, torch.get_num_threads())
    return PackedLinear(linear) if can_pack(weight.dtype) else linear


class FastNorm(nn.Module):
    """`RMSNorm` in four operators; torch's is made of ten and takes twice as long."""

    def __init__(self, norm: RMSNorm) -> None:
        super().__init__()
        self._length = RowLength(norm)
        self.weight = nn.Parameter(scale_of(norm), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `x` [..., size]."""
        return (x / self._length(x)).mul_(self.weight)


class RowLength:
    """What a norm divides rows by, before it scales them by `scale_of` it.

    `x / sqrt(mean(x²) + eps)` is `x·sqrt(n) / hypot(|x|, sqrt(n·eps))`.
    """

    def __init__(self, norm: RMSNorm) -> None:
        self._floor = torch.tensor((norm.size * norm.eps) ** 0.5)

    def __call__(self, x: Tensor) -> Tensor:
        """[..., size] to [..., 1]."""
        return torch.linalg.vector_norm(x, dim=-1, keepdim=True).hypot_(self._floor)


def scale_of(norm: RMSNorm) -> Tensor:
    """The factors [size] of a norm that divides by `RowLength`."""
    weight = torch.ones(norm.size) if norm.weight is None else norm.weight.detach()
    return norm.size**0.5 * weight


class FeedForward(nn.Module):
    """The second half of the decoder's `Block`."""

    def __init__(self, block: Block, *, many_rows: bool, fixed: bool) -> None:
        super().__init__()
        self.norm = FastNorm(block.ffn_norm)
        self.linear1 = packed(block.linear1, many_rows=many_rows, fixed=fixed)
        self.linear2 = packed(block.linear2, many_rows=many_rows, fixed=fixed)
        self._gamma = block.ffn_gamma.detach()

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` [..., C] to the same shape, in place."""
        inner = torch.ops.aten.gelu_(self.linear1(self.norm(x)))
        return x.addcmul_(self._gamma, self.linear2(inner))


class FusedFeedForward(nn.Module):
    """The same in two products, of which the norm's scale, GELU and gamma are parts.

    Where rows are short and many, passes over them take as long as products.
    """

    def __init__(self, block: Block) -> None:
        super().__init__()
        self._length = RowLength(block.ffn_norm)
        gamma = block.ffn_gamma.detach()
        scaled = block.linear1.weight.detach() * scale_of(block.ffn_norm)
        self.linear1 = PackedLinear(_linear(scaled, block.linear1.bias), gelu=True)
        scaled = gamma[:, None] * block.linear2.weight.detach()
        self.linear2 = PackedLinear(_linear(scaled, gamma * block.linear2.bias))

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` [..., C] to the same shape, in place."""
        return x.add_(self.linear2(self.linear1(x / self._length(x))))


def feed_forward(block: Block, *, many_rows: bool, fixed: bool) -> nn.Module:
    """The faster of the two for a block.

    With `fixed` the first: its products were seen to keep a row's bits on every kind of CPU.
    """
    if many_rows and block.norm.size <= NARROW and can_pack(torch.float32) and not fixed:
        return FusedFeedForward(block)
    return FeedForward(block, many_rows=many_rows, fixed=fixed)


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    linear = nn.Linear(1, 1)
    linear.weight.data, linear.bias.data = weight, bias.detach()
    return linear
