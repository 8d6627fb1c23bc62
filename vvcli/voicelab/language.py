"""Third training: LM, diffusion head, connector and EOS head, on latents and characters."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vvcli.model.config import ModelConfig
from vvcli.model.diffusion_head import HeadLayer
from vvcli.model.solver import solver_steps
from vvcli.model.transformer import DecoderLayer
from vvcli.model.vibevoice import SPEECH, TEXT, VibeVoice
from vvcli.voicelab.corpus import Batch, Bucket, Corpus
from vvcli.voicelab.latents import Latents
from vvcli.voicelab.settings import LanguageTraining, Settings, model_config
from vvcli.voicelab.training import (
    AveragedWeights,
    CapturedStep,
    Progress,
    adam,
    clip_gradients,
    compiled,
    load_checkpoint,
    mixed,
    save_checkpoint,
)

CHECKPOINT = "language.pt"
SAVE_EVERY = 4000


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
        few = solver_steps(config.solver_steps, train_steps)
        self.register_buffer("alphas", torch.tensor([1.0, *(s.alpha for s in every)]))
        self.register_buffer("sigmas", torch.tensor([0.0, *(s.sigma for s in every)]))
        self.register_buffer("solver", torch.tensor([s.timestep for s in few]))

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


def losses(
    model: VibeVoice, noising: Noising, batch: Batch, length: int, config: LanguageTraining
) -> tuple[Tensor, Tensor]:
    """Diffusion loss per frame and latent dimension, and EOS loss, of one batch."""
    # What generation feeds back is a little off; so is what training does.
    fed_back = batch.latents
    strength = torch.rand(len(fed_back), 1, 1, device=fed_back.device) * config.fed_back_noise
    fed_back = fed_back + strength * torch.randn_like(fed_back)
    # One-hot products: an embedding of so few rows has gradients that are all collisions.
    every = torch.arange(len(model.embed_tokens.weight), device=batch.tokens.device)
    chosen = (batch.tokens[..., None] == every).float()
    text = model.language_model(chosen @ model.embed_tokens.weight)
    text = text + model.tts_input_types.weight[TEXT]
    speech = model.acoustic_connector(fed_back) + model.tts_input_types.weight[SPEECH]
    start = torch.zeros_like(batch.text_positions[:, :1])
    positions = torch.cat([start, batch.text_positions, batch.frame_positions], dim=1)
    entries = torch.cat([text.float(), speech.float()], dim=1)
    # One slot more than the sequence has, for all padding.
    sequence = entries.new_zeros(len(entries), length + 1, entries.shape[2])
    sequence = sequence.scatter(1, _wide(positions, entries.shape[2]), entries)[:, :length]
    hidden = model.tts_language_model(sequence)

    at = batch.frame_positions.clamp(max=length - 1)
    condition = hidden.gather(1, _wide(at - 1, hidden.shape[2]))
    draws = (config.noise_draws, *batch.valid.shape)
    timesteps = noising.draw(torch.Size(draws))
    target = batch.latents.expand(*draws, -1)
    noisy, velocity = noising.mix(target, torch.randn_like(target), timesteps)
    predicted = model.prediction_head(
        noisy.flatten(0, 2),
        timesteps.flatten(),
        condition.expand(*draws, -1).flatten(0, 2),
    )
    squares = (predicted.float().view_as(velocity) - velocity).square().mean(-1)
    diffusion = (squares * batch.valid).sum() / (batch.valid.sum() * config.noise_draws)

    logits = model.eos_classifier(hidden.gather(1, _wide(at, hidden.shape[2]))).float()
    frames = torch.arange(logits.shape[1], device=logits.device)
    last = frames == batch.frame_counts[:, None] - 1
    weights = batch.valid & batch.with_text[:, None]
    errors = F.binary_cross_entropy_with_logits(logits, last.float(), reduction="none")
    return diffusion, (errors * weights).sum() / weights.sum().clamp(min=1)


def _wide(positions: Tensor, width: int) -> Tensor:
    return positions[..., None].expand(-1, -1, width)


def train_language(
    settings: Settings,
    data: Latents,
    folder: Path,
    device: torch.device,
    minutes: float | None = None,
) -> None:
    """Train on `data`; writes `language.pt` to `folder`. The decoder is not touched."""
    config = settings.language
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    corpus = Corpus(settings, data, device)
    model = _model(settings).to(device)
    noising = Noising(config, model.config.head.train_steps).to(device)
    optimizer = adam(_trained(model), device, config.weight_decay)
    average = AveragedWeights(model, config.ema)
    progress = Progress(config.steps, config.warmup_steps, minutes, "language")
    state = load_checkpoint(folder / CHECKPOINT, device)
    if state is not None:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average.load(state["average"])
        progress.resume(state["step"])

    def step(bucket: Bucket) -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        with mixed(device):
            batch = corpus.draw(bucket)
            diffusion, eos = losses(model, noising, batch, bucket.length, config)
        (diffusion + config.eos_weight * eos).backward()
        norm = clip_gradients(_trained(model), 1.0)
        optimizer.step()
        average.update()
        return torch.stack([diffusion.detach(), eos.detach(), norm])

    def save() -> None:
        save_checkpoint(
            folder / CHECKPOINT,
            model=model.state_dict(),
            optimizer=optimizer.state_dict(),
            average=average.state(),
            step=progress.step,
        )

    with compiled((DecoderLayer, HeadLayer), device):
        captured = [CapturedStep(partial(step, bucket), device) for bucket in corpus.buckets]
    # A bucket's turn comes as often as its utterances need, so that all are equally likely.
    turns = np.array([len(bucket.ids) / bucket.rows for bucket in corpus.buckets])
    while progress.fraction < 1:
        optimizer.param_groups[0]["lr"].fill_(config.learning_rate * progress.rate)
        average.set_step(progress.step)
        chosen = captured[rng.choice(len(captured), p=turns / turns.sum())]
        progress.report(chosen(), ("diffusion", "eos", "gradient"))
        if progress.step % SAVE_EVERY == 0:
            save()
    save()


def _model(settings: Settings) -> VibeVoice:
    model = VibeVoice(ModelConfig.from_dict(model_config(settings)))
    model.acoustic_decoder.requires_grad_(False)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2 and parameter.requires_grad:
            nn.init.normal_(parameter, std=0.02)
        elif name.endswith("qkv_proj.bias"):
            nn.init.zeros_(parameter)
    # AdaLN-zero (Peebles and Xie, 2023): each layer starts as the identity.
    nn.init.zeros_(model.prediction_head.modulation.weight)
    return model


def _trained(model: VibeVoice) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]
