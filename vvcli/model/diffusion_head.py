"""The diffusion head: noise and a condition to one latent frame, in a few solver steps.

The solver is DPM-Solver++ (Lu et al., 2022): second order, multistep, midpoint, v-prediction. Its
coefficients depend on the number of steps alone, so they are computed once, in float64, and a step
is a weighted sum of three tensors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.model.config import DiffusionHeadConfig
from vvcli.model.transformer import RMSNorm, SwiGLU

TIMESTEP_FEATURES = 256


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


@dataclass(frozen=True)
class SolverTable:
    """The solver's steps and the head's embedding of their timesteps [steps, hidden]."""

    steps: tuple[SolverStep, ...]
    embedding: Tensor

    @classmethod
    def build(cls, head: DiffusionHead, count: int) -> SolverTable:
        """The table for `count` steps; it stays the same for the life of an engine."""
        steps = solver_steps(count, head.config.train_steps)
        device = next(head.parameters()).device
        timesteps = torch.tensor([step.timestep for step in steps], device=device)
        return cls(steps, head.embed_timesteps(timesteps))


class HeadLayer(nn.Module):
    """A feed-forward layer under AdaLN: shift, scale and gate come from the condition."""

    def __init__(self, config: DiffusionHeadConfig) -> None:
        super().__init__()
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.ffn = SwiGLU(config.hidden_size, config.ffn_size)

    def forward(self, x: Tensor, shift: Tensor, scale: Tensor, gate: Tensor) -> Tensor:
        """Map `x` [R, H] to the same shape."""
        modulated = torch.addcmul(shift, self.norm(x), 1 + scale)
        return torch.addcmul(x, gate, self.ffn(modulated))


class DiffusionHead(nn.Module):
    """AdaLN network after DiT (Peebles and Xie, 2023), applied to single frames.

    The modulations of all layers depend on condition and timestep but not on the latent, so they
    are one matrix: `modulate` computes them for every solver step at once, and its weights, a
    quarter of the head, are read once a frame instead of once a step.
    """

    def __init__(self, config: DiffusionHeadConfig) -> None:
        super().__init__()
        self.config = config
        size = config.hidden_size
        self.noisy_images_proj = nn.Linear(config.latent_size, size, bias=False)
        self.cond_proj = nn.Linear(size, size, bias=False)
        self.t_embedder = nn.Sequential(
            nn.Linear(TIMESTEP_FEATURES, size, bias=False),
            nn.SiLU(),
            nn.Linear(size, size, bias=False),
        )
        # Layers' (shift, scale, gate), one after the other, then the final layer's (shift, scale).
        self.modulation = nn.Linear(size, (3 * config.layers + 2) * size, bias=False)
        self.layers = nn.ModuleList(HeadLayer(config) for _ in range(config.layers))
        self.final_norm = RMSNorm(size, config.rms_norm_eps, affine=False)
        self.final_linear = nn.Linear(size, config.latent_size, bias=False)

    def embed_timesteps(self, timesteps: Tensor) -> Tensor:
        """Embed `timesteps` [S] as [S, H]; in bfloat16, 999 becomes 1000, as in the reference."""
        dtype = next(self.parameters()).dtype
        half = TIMESTEP_FEATURES // 2
        # Rounded in the reference's order: one unit in the last place of a frequency is 6e-5 of
        # an angle at timestep 999, and the published weights were trained on those angles.
        exponents = -math.log(10_000) * torch.arange(half, device=timesteps.device).float() / half
        angles = timesteps.to(dtype).float()[:, None] * exponents.exp()
        return self.t_embedder(torch.cat([angles.cos(), angles.sin()], dim=-1).to(dtype))

    def modulate(self, condition: Tensor, timestep_embedding: Tensor) -> Tensor:
        """All layers' modulations [S, R, (3·layers + 2)·H] of `condition` [R, H] at S timesteps."""
        c = self.cond_proj(condition) + timestep_embedding[:, None]
        return self.modulation(F.silu(c))

    def denoise(self, x: Tensor, modulation: Tensor) -> Tensor:
        """Velocity [R, latent] of noisy latents `x` [R, latent] under `modulation` [R, …]."""
        parts = modulation.chunk(3 * len(self.layers) + 2, dim=-1)
        x = self.noisy_images_proj(x)
        for i, layer in enumerate(self.layers):
            x = layer(x, *parts[3 * i : 3 * i + 3])
        shift, scale = parts[-2:]
        return self.final_linear(torch.addcmul(shift, self.final_norm(x), 1 + scale))

    def sample(
        self, condition: Tensor, noise: Tensor, guidance: Tensor | None, table: SolverTable
    ) -> Tensor:
        """Denoise one latent per stream under classifier-free guidance; [B, latent] float64.

        `condition` is [B, 2, H], with and without text; `noise` [B, latent]; `guidance` [B]. With
        a guidance of None, which equals 1, `condition` is [B, 1, H]: with text alone.
        Latents, guidance and solver are float64: they are few numbers, every later frame grows
        from them, and a bfloat16 guidance scale would round 1.3.
        """
        batch, rows, _ = condition.shape
        modulations = self.modulate(condition.flatten(0, 1), table.embedding)
        scale = None if guidance is None else guidance.double()[:, None]
        x, x0 = noise.double(), None
        for step, modulation in zip(table.steps, modulations.unbind(0), strict=True):
            repeated = x.to(condition.dtype)[:, None].expand(-1, rows, -1).flatten(0, 1)
            velocities = self.denoise(repeated, modulation).double().view(batch, rows, -1)
            velocity = velocities[:, 0]
            if scale is not None:
                velocity = torch.lerp(velocities[:, 1], velocity, scale)
            x, x0 = step.apply(x, velocity, x0)
        return x

    def forward(self, x: Tensor, timesteps: Tensor, condition: Tensor) -> Tensor:
        """Velocity [R, latent] with a timestep [R] and a condition [R, H] per row (training)."""
        c = self.cond_proj(condition) + self.embed_timesteps(timesteps)
        return self.denoise(x, self.modulation(F.silu(c)))
