"""Layers for inference on a CPU: the results of the model's own in fewer passes and calls.

A frame of a small model calls about a thousand torch operators, and calling one takes a
microsecond or more however little it does. The layers here write into their own intermediate
results, so they have no gradients.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.engine.backends.cpu.packed_linear import packed
from vvcli.model.acoustic_decoder import Block, CausalConv, Contexts
from vvcli.model.config import KERNEL
from vvcli.model.transformer import RMSNorm


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
        self.linear1, self.linear2 = packed(block.linear1), packed(block.linear2)
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
