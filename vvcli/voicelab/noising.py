"""Noise levels that the diffusion head is trained at, and what it makes of noise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vvcli.model.diffusion_head import DiffusionHead, solver_steps
from vvcli.voicelab.settings import LanguageTraining


class Noising(nn.Module):
    """Noise levels of training: half of the draws where generation's solver will stand."""

    alphas: Tensor  # [train_steps]
    sigmas: Tensor
    solver: Tensor  # [solver_steps] int64

    def __init__(self, config: LanguageTraining, train_steps: int) -> None:
        super().__init__()
        self._config = config
        # As many steps as there are levels: from train_steps - 1 down to 1.
        every = solver_steps(train_steps - 1, train_steps)[::-1]
        self._steps = solver_steps(config.solver_steps, train_steps)
        self.register_buffer("alphas", torch.tensor([1.0, *(s.alpha for s in every)]))
        self.register_buffer("sigmas", torch.tensor([0.0, *(s.sigma for s in every)]))
        self.register_buffer("solver", torch.tensor([s.timestep for s in self._steps]))

    def draw(self, shape: torch.Size) -> Tensor:
        """Random timesteps."""
        device = self.alphas.device
        anywhere = torch.randint(1, len(self.alphas), shape, device=device)
        standing = self.solver[torch.randint(0, len(self.solver), shape, device=device)]
        chosen = torch.rand(shape, device=device) < self._config.solver_share
        return torch.where(chosen, standing, anywhere)

    def mix(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        """Noisy latents and the velocity that the head should predict."""
        alpha, sigma = (t[timesteps][..., None] for t in (self.alphas, self.sigmas))
        return alpha * latents + sigma * noise, alpha * noise - sigma * latents

    @torch.no_grad()
    def generate(self, head: DiffusionHead, condition: Tensor) -> Tensor:
        """Latents [R, latent] that `head` makes of noise under `condition` [R, H], unguided."""
        size = (len(condition), head.config.latent_size)
        x = torch.randn(size, device=condition.device)
        x0 = None
        modulations = head.modulate(condition, head.embed_timesteps(self.solver))
        for step, modulation in zip(self._steps, modulations.unbind(0), strict=True):
            x, x0 = step.apply(x, head.denoise(x, modulation).float(), x0)
        return x
