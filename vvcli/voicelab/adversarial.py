"""Second training: the decoder alone, on the frozen encoder's latents, against judges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vvcli.voicelab.decoding import decode
from vvcli.voicelab.discriminators import (
    Discriminators,
    feature_loss,
    fooling_loss,
    judge_loss,
    split,
)
from vvcli.voicelab.loop import Progress, TrainingLoop
from vvcli.voicelab.settings import Settings
from vvcli.voicelab.signals import magnitude_loss, mel_loss
from vvcli.voicelab.spectral import Crops, encoded_crops, load_autoencoder
from vvcli.voicelab.training import CapturedStep, adam, clip_gradients, mixed

CHECKPOINT = "decoder.pt"
SAVE_EVERY = 2000
BETAS = (0.8, 0.99)  # as in Kong et al., 2020: the game moves on, so the memory is short
NAMES = ("mel", "features", "fooling", "judges")


def train_adversarial(
    settings: Settings,
    samples: NDArray[np.int16],
    folder: Path,
    device: torch.device,
    minutes: float | None = None,
    later: float = 0.0,
) -> None:
    """Continue the decoder of `autoencoder.pt` in `folder`; writes `decoder.pt` there."""
    config = settings.adversarial
    torch.manual_seed(config.seed)
    crops = Crops(samples, settings.hop, device)
    networks = load_autoencoder(settings, folder, device)
    decoder = networks.decoder.requires_grad_(True).train()
    judges = Discriminators().to(device)
    judges.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = adam(decoder.parameters(), device, decay=0.0, betas=BETAS)
    judging = adam(judges.parameters(), device, decay=0.0, betas=BETAS)
    loop = TrainingLoop(
        folder / CHECKPOINT,
        device,
        Progress(config.steps, config.warmup_steps, minutes, "adversarial", later),
        {"decoder": decoder, "judges": judges, "optimizer": optimizer, "judging": judging},
        averaged=decoder,
        decay=config.ema,
        rates=[(optimizer, config.learning_rate), (judging, config.discriminator_rate)],
        save_every=SAVE_EVERY,
    )
    judged = config.judged_frames * settings.hop

    def step() -> Tensor:
        with torch.no_grad():
            latents, heard = encoded_crops(
                networks.encoder, crops, config.batch, config.crop_frames, device
            )
        strength = torch.rand(len(latents), 1, 1, device=device) * config.latent_noise
        with mixed(device):
            ours = decode(decoder, latents + strength * torch.randn_like(latents))
        real, fake = heard[:, -judged:], ours[:, -judged:]

        judging.zero_grad(set_to_none=True)
        with mixed(device):
            verdict = judge_loss(*split(judges(torch.cat([real, fake.detach()]))))
        verdict.backward()
        clip_gradients(judges.parameters(), 5.0)
        judging.step()

        optimizer.zero_grad(set_to_none=True)
        judges.requires_grad_(False)
        with mixed(device):
            with torch.no_grad():
                of_real = judges(real)
            of_fake = judges(fake)
        judges.requires_grad_(True)
        mel = mel_loss(ours, heard)
        features, fooling = feature_loss(of_real, of_fake), fooling_loss(of_fake)
        loss = config.mel_weight * mel + config.magnitude_weight * magnitude_loss(ours, heard)
        (loss + config.feature_weight * features + fooling).backward()
        clip_gradients(decoder.parameters(), 10.0)
        optimizer.step()
        loop.average.update()
        return torch.stack([loss.detach() for loss in (mel, features, fooling, verdict)])

    loop.run(CapturedStep(step, device), NAMES)
