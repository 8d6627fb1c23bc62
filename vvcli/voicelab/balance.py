"""Several losses of one output, with gradients in given proportions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

SMOOTHING = 0.01  # a step's share in the mean sizes of gradients


class Balance:
    """Weights for losses beside a first one (Esser et al., 2021); `weights` are the last ones.

    A loss's pull is the norm of its gradient at the network's last layer. At the output itself it
    would be misleading: a logarithm's gradient is largest where there is silence.
    """

    def __init__(self, count: int, device: torch.device) -> None:
        self._pulls = torch.zeros(count, device=device)

    def gradient(
        self, losses: Sequence[Tensor], shares: Tensor, output: Tensor, last: Tensor
    ) -> Tensor:
        """The gradient of all `losses` at `output`, each scaled to its share of the first's pull.

        `shares` [number of losses] begins with one; `last` is a weight that `output` was made
        with. The graphs of `losses` and `output` are retained.
        """
        gradients = [torch.autograd.grad(loss, output, retain_graph=True)[0] for loss in losses]
        pulls = [
            torch.autograd.grad(output, last, gradient, retain_graph=True)[0].norm()
            for gradient in gradients
        ]
        now = torch.stack(pulls)
        # One overflow would stay in the mean for ever.
        self._pulls.lerp_(torch.where(now.isfinite(), now, self._pulls), SMOOTHING)
        self.weights = shares * self._pulls[0] / self._pulls.clamp(min=1e-8)
        total: Tensor = sum(
            (weight * gradient for weight, gradient in zip(self.weights, gradients, strict=True)),
            start=torch.zeros_like(output),
        )
        return total
