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

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.model.acoustic_decoder import Block, CausalConv, Contexts
from vvcli.model.config import KERNEL
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


# Weights of so few inputs or outputs are in the cache anyway, and FBGEMM is slow at them: 1,388 us
# for 15,360 rows of 64 to 16 numbers, where oneDNN's takes 384.
NARROW = 64


def packed(linear: nn.Linear, *, many_rows: bool = False) -> nn.Module:
    """The fastest layer here that computes the same as `linear`, of `many_rows` if there are."""
    weight = linear.weight.detach()
    if many_rows and min(weight.shape) <= NARROW and can_pack(weight.dtype):
        return PackedLinear(linear)
    if weight.dtype == torch.float32 and fits_half(weight) and can_halve():
        return HalfLinear(linear, torch.get_num_threads())
    return PackedLinear(linear) if can_pack(weight.dtype) else linear


class FastNorm(nn.Module):
    """`RMSNorm` in four operators; torch's is made of ten and takes twice as long.

    `x / sqrt(mean(x²) + eps)` is `x·sqrt(n) / hypot(|x|, sqrt(n·eps))`.
    """

    def __init__(self, norm: RMSNorm) -> None:
        super().__init__()
        self._floor = torch.tensor((norm.size * norm.eps) ** 0.5)
        weight = torch.ones(norm.size) if norm.weight is None else norm.weight.detach()
        self.weight = nn.Parameter(norm.size**0.5 * weight, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `x` [..., size]."""
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True).hypot_(self._floor)
        return (x / length).mul_(self.weight)


class FastBlock(nn.Module):
    """The decoder's `Block`, its depthwise convolution as shifted inputs added to the residual.

    A convolution of few channels or positions costs oneDNN 60 us before any arithmetic.
    """

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.norm, self.ffn_norm = FastNorm(block.norm), FastNorm(block.ffn_norm)
        # The decoder's narrow stages are those with many rows a frame.
        self.linear1 = packed(block.linear1, many_rows=True)
        self.linear2 = packed(block.linear2, many_rows=True)
        gamma, mixer = block.gamma.detach(), block.mixer
        self._taps = (gamma * mixer.weight.detach()[:, 0].t()).unbind(0)  # 7 of [C]
        self._bias = gamma * mixer.bias.detach()
        self._ffn_gamma = block.ffn_gamma.detach()

    def forward(self, x: Tensor, contexts: Contexts) -> Tensor:
        """Map `x` [B, T, C] to the same shape."""
        extended = contexts.extend(self.norm(x), KERNEL - 1)
        x = x + self._bias
        for k, tap in enumerate(self._taps):
            x.addcmul_(extended.narrow(1, k, x.shape[1]), tap)
        inner = F.gelu(self.linear1(self.ffn_norm(x)))
        return x.addcmul_(self._ffn_gamma, self.linear2(inner))


class FastOutputConv(nn.Module):
    """The decoder's last convolution: each input's seven products first, then sums of them.

    No window is copied: of 16 channels to one, windows are seven times the input. The products are
    a packed layer's: on a CPU without AVX-512, MKL's differ in the last bit with a row's place
    among the others, and so with a stream's slot.
    """

    def __init__(self, conv: CausalConv) -> None:
        super().__init__()
        weight = conv.linear.weight.detach()  # [1, C·7]
        taps = nn.Linear(weight.shape[1] // KERNEL, KERNEL, bias=False, dtype=weight.dtype)
        taps.weight.data = weight.view(-1, KERNEL).t().contiguous()  # [7, C]
        self._taps = packed(taps)
        self._bias = conv.linear.bias.detach()

    def forward(self, x: Tensor, contexts: Contexts) -> Tensor:
        """[B, T, C] to [B, T, 1]."""
        products = self._taps(contexts.extend(x, KERNEL - 1))  # [B, T + 6, 7]
        windows = products.unfold(1, KERNEL, 1)  # [B, T, 7 taps, 7 positions]
        return windows.diagonal(dim1=2, dim2=3).sum(-1, keepdim=True).add_(self._bias)
