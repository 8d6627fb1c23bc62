"""DPM-Solver++ (Lu et al., 2022): second order, multistep, midpoint, v-prediction.

All coefficients depend on the number of steps alone, so they are computed once, in float64, and
a step is a weighted sum of three tensors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class SolverStep:
    """One step: `x0 = alpha·x - sigma·v`, then `x = c_x·x + c_x0·x0 + c_before·x0_before`."""

    timestep: int
    alpha: float
    sigma: float
    c_x: float
    c_x0: float
    c_before: float

    def apply(self, x: Tensor, v: Tensor, x0_before: Tensor | None) -> tuple[Tensor, Tensor]:
        """Advance `x` given the velocity `v`; returns the next `x` and this step's `x0`."""
        x0 = torch.sub(self.alpha * x, v, alpha=self.sigma)
        x = torch.add(self.c_x * x, x0, alpha=self.c_x0)
        if self.c_before and x0_before is not None:
            x = torch.add(x, x0_before, alpha=self.c_before)
        return x, x0


@lru_cache
def solver_steps(count: int, train_steps: int = 1000) -> tuple[SolverStep, ...]:
    """The `count` steps from pure noise to a latent, on the cosine schedule of the model.

    Raises:
        ValueError: `count` is not between 1 and `train_steps` - 1.
    """
    if not 1 <= count < train_steps:
        raise ValueError(f"{count} solver steps: 1 to {train_steps - 1} are possible")
    timesteps, sigmas = _schedule(count, train_steps)
    alphas = [1 / math.sqrt(s * s + 1) for s in sigmas]  # variance-preserving scale
    steps = []
    for i in range(count):
        alpha, next_alpha = alphas[i], alphas[i + 1]
        c_x = sigmas[i + 1] * next_alpha / (sigmas[i] * alpha)
        # h is the step in log signal-to-noise ratio; the last one ends at sigma zero: exp(-h) = 0.
        gain = -next_alpha * (sigmas[i + 1] / sigmas[i] - 1)  # -alpha·(exp(-h) - 1)
        correction = 0.0
        if 0 < i < count - 1:  # no history yet, or sigma zero: first order
            h, h_before = (math.log(sigmas[j] / sigmas[j + 1]) for j in (i, i - 1))
            correction = 0.5 * gain * h / h_before
        steps.append(
            SolverStep(
                timestep=timesteps[i],
                alpha=alpha,
                sigma=sigmas[i] * alpha,
                c_x=c_x,
                c_x0=gain + correction,
                c_before=-correction,
            )
        )
    return tuple(steps)


def _schedule(count: int, train_steps: int) -> tuple[list[int], list[float]]:
    """Linspace timesteps, descending, and their sigmas with a final zero."""

    def alpha_bar(t: float) -> float:
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    betas = [
        min(1 - alpha_bar((i + 1) / train_steps) / alpha_bar(i / train_steps), 0.999)
        for i in range(train_steps)
    ]
    # The published checkpoint was sampled with float32 betas; near t = 999 their product is so
    # small that rounding them shows in sigma.
    alphas = np.cumprod(1 - np.asarray(betas, dtype=np.float32), dtype=np.float32)
    timesteps = np.linspace(0, train_steps - 1, count + 1).round()[:0:-1].astype(int)
    cumulative = alphas[timesteps].astype(np.float64)
    return timesteps.tolist(), [*np.sqrt((1 - cumulative) / cumulative).tolist(), 0.0]
