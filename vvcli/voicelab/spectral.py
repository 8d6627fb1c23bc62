"""First training: encoder and decoder together, on spectra alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vvcli.samples import INT16_RANGE
from vvcli.voicelab.autoencoder import SPECTRAL, Autoencoder
from vvcli.voicelab.decoding import decode
from vvcli.voicelab.encoder import Encoder
from vvcli.voicelab.loop import Progress, TrainingLoop
from vvcli.voicelab.settings import Settings
from vvcli.voicelab.signals import magnitude_loss, mel_loss
from vvcli.voicelab.training import CapturedStep, adam, clip_gradients, mixed

SAVE_EVERY = 2000
MARGIN = 2  # frames that only the encoder hears, on both sides of a crop


class Crops:
    """Random stretches of the teacher's recordings, cut on the device."""

    def __init__(self, samples: NDArray[np.int16], width: int, device: torch.device) -> None:
        self._samples = torch.from_numpy(samples).to(device)
        self._width = width

    def draw(self, count: int, frames: int) -> Tensor:
        """`count` crops of `frames` whole frames: [count, frames·width] floats."""
        starts = torch.randint(
            0,
            len(self._samples) // self._width - frames + 1,
            (count, 1),
            device=self._samples.device,
        )
        inside = torch.arange(frames * self._width, device=self._samples.device)
        return self._samples[starts * self._width + inside].float() / INT16_RANGE


def encoded_crops(
    encoder: Encoder, crops: Crops, count: int, frames: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Latents [count, frames, latent] of random crops, and their samples [count, frames·width].

    The encoder hears a little more on both sides, as it does when it encodes whole recordings.
    """
    heard = crops.draw(count, frames + 2 * MARGIN)
    with mixed(device):
        latents = encoder(heard)[:, MARGIN:-MARGIN]
    width = heard.shape[1] // (frames + 2 * MARGIN)
    return latents, heard[:, MARGIN * width : -MARGIN * width]


def train_spectral(
    settings: Settings,
    samples: NDArray[np.int16],
    folder: Path,
    device: torch.device,
    minutes: float | None = None,
    later: float = 0.0,
) -> None:
    """Train on `samples` at 24 kHz; writes `autoencoder.pt` to `folder`."""
    config = settings.spectral
    torch.manual_seed(config.seed)
    crops = Crops(samples, settings.hop, device)
    networks = Autoencoder(settings).to(device).train()
    optimizer = adam(networks.parameters(), device, decay=0.0)
    loop = TrainingLoop(
        folder / SPECTRAL,
        device,
        Progress(config.steps, config.warmup_steps, minutes, "spectral", later),
        {"networks": networks, "optimizer": optimizer},
        averaged=networks,
        decay=config.ema,
        rates=[(optimizer, config.learning_rate)],
        save_every=SAVE_EVERY,
    )

    def step() -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        latents, heard = encoded_crops(
            networks.encoder, crops, config.batch, config.crop_frames, device
        )
        with mixed(device):
            strength = torch.rand(len(latents), 1, 1, device=device) * config.latent_noise
            noisy = latents + strength * torch.randn_like(latents)
            ours = decode(networks.decoder, noisy)
        mel, magnitude = mel_loss(ours, heard), magnitude_loss(ours, heard)
        loss = mel + 0.3 * magnitude
        loss.backward()
        norm = clip_gradients(networks.parameters(), 1.0)
        optimizer.step()
        loop.average.update()
        return torch.stack([mel.detach(), magnitude.detach(), norm])

    loop.run(CapturedStep(step, device), ("mel", "magnitude", "gradient"))
