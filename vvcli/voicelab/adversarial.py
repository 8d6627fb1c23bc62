"""Second training: the decoder against judges, on a frozen encoder's latents or along with it.

Where an LM was trained on the latents already, the encoder must keep them.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vvcli.voicelab.autoencoder import ADVERSARIAL, load_autoencoder
from vvcli.voicelab.balance import Balance
from vvcli.voicelab.decoding import decode
from vvcli.voicelab.discriminators import (
    Discriminators,
    feature_loss,
    fooling_loss,
    judge_loss,
)
from vvcli.voicelab.loop import Progress, TrainingLoop
from vvcli.voicelab.settings import Settings
from vvcli.voicelab.signals import magnitude_loss, mel_loss
from vvcli.voicelab.spectral import Crops, encoded_crops
from vvcli.voicelab.training import CapturedStep, adam, clip_gradients, mixed

SAVE_EVERY = 2000
BETAS = (0.8, 0.99)  # as in Kong et al., 2020: the game moves on, so the memory is short
NAMES = ("mel", "features", "fooling", "judges", "feature_weight", "fooling_weight")


def train_adversarial(
    settings: Settings,
    samples: NDArray[np.int16],
    folder: Path,
    device: torch.device,
    minutes: float | None = None,
    later: float = 0.0,
    *,
    frozen: bool = True,
    anew: bool = False,
    share: float = 1.0,
) -> None:
    """Continue the networks in `folder`; writes `decoder.pt` there.

    Unless `frozen`, the encoder is trained, too; with `anew`, the schedule starts again. All rates
    are `share` of the settings': networks that are trained lose at full rates what they have.
    """
    config = settings.adversarial
    torch.manual_seed(config.seed)
    crops = Crops(samples, settings.hop, device)
    networks = load_autoencoder(settings, folder, device)
    encoder, decoder = networks.encoder, networks.decoder.requires_grad_(True).train()
    averaged = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    if not frozen:
        encoder.requires_grad_(True).train()
    judges = Discriminators(config.periods).to(device)
    judges.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = adam(decoder.parameters(), device, decay=0.0, betas=BETAS)
    encoding = adam(encoder.parameters(), device, decay=0.0, betas=BETAS)
    judging = adam(judges.parameters(), device, decay=0.0, betas=BETAS)
    loop = TrainingLoop(
        folder / ADVERSARIAL,
        device,
        Progress(config.steps, config.warmup_steps, minutes, "adversarial", later),
        {
            **{"networks": networks, "judges": judges},
            **{"optimizer": optimizer, "encoding": encoding, "judging": judging},
        },
        averaged=networks,
        decay=config.ema,
        rates=[
            (optimizer, share * config.learning_rate),
            (encoding, share * config.encoder_rate),
            (judging, share * config.discriminator_rate),
        ],
        save_every=SAVE_EVERY,
        anew=anew,
    )
    if frozen:  # the checkpoint's live weights are not those that the latents were made with
        encoder.load_state_dict(averaged)
    judged = config.judged_frames * settings.hop
    judges_parameters = list(judges.parameters())
    ours_to_train = [p for p in networks.parameters() if p.requires_grad]
    shares, balance = torch.ones(3, device=device), Balance(3, device)
    last = decoder.head.linear.weight
    new_from = loop.progress.step if "judges" in loop.new else -math.inf

    def step() -> Tensor:
        latents, heard = encoded_crops(encoder, crops, config.batch, config.crop_frames, device)
        strength = torch.rand(len(latents), 1, 1, device=device) * config.latent_noise
        with mixed(device):
            ours = decode(decoder, latents + strength * torch.randn_like(latents))
        with mixed(device):
            of_real = judges(heard[:, -judged:])
            of_fake = judges(ours[:, -judged:])
        # Both sides move from the same verdicts: that saves a third of the passes over judges.
        verdict = judge_loss(of_real, of_fake)
        gradients = torch.autograd.grad(verdict, judges_parameters, retain_graph=True)
        mel = mel_loss(ours, heard)
        spectral = config.mel_weight * mel
        spectral = spectral + config.magnitude_weight * magnitude_loss(ours, heard)
        features, fooling = feature_loss(of_real, of_fake), fooling_loss(of_real, of_fake)
        pull = balance.gradient((spectral, features, fooling), shares, ours, last)
        optimizer.zero_grad(set_to_none=True)
        encoding.zero_grad(set_to_none=True)
        ours.backward(pull, inputs=ours_to_train)
        clip_gradients(ours_to_train, 10.0)
        optimizer.step()
        if not frozen:
            encoding.step()
        for parameter, gradient in zip(judges_parameters, gradients, strict=True):
            parameter.grad = gradient
        clip_gradients(judges_parameters, 5.0)
        judging.step()
        loop.average.update()
        losses = [loss.detach() for loss in (mel, features, fooling, verdict)]
        return torch.cat([torch.stack(losses), balance.weights[1:]])

    captured = CapturedStep(step, device)

    def weighed_step() -> Tensor:
        # New judges guess at first: the decoder waits, then follows them more and more.
        learned = loop.progress.step - new_from - config.held_steps
        heard = min(1.0, max(0, learned) / config.unheard_steps)
        shares[1], shares[2] = heard * config.feature_share, heard * config.fooling_share
        if learned < 0:
            optimizer.param_groups[0]["lr"].fill_(0)
            encoding.param_groups[0]["lr"].fill_(0)
        return captured()

    loop.run(weighed_step, NAMES)
