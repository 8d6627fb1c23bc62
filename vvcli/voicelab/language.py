"""Third training: LM, diffusion head, connector and EOS head, on latents and characters."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vvcli.model.config import ModelConfig
from vvcli.model.diffusion_head import HeadLayer
from vvcli.model.transformer import DecoderLayer
from vvcli.model.vibevoice import VibeVoice
from vvcli.voicelab.corpus import Bucket, Corpus
from vvcli.voicelab.latents import Latents
from vvcli.voicelab.loop import Progress, TrainingLoop
from vvcli.voicelab.objective import LOSSES, Objective
from vvcli.voicelab.settings import Settings, model_config
from vvcli.voicelab.training import CapturedStep, adam, clip_gradients, compiled, mixed

CHECKPOINT = "language.pt"
SAVE_EVERY = 8000
VALIDATE_EVERY = 4000


def train_language(
    settings: Settings,
    data: Latents,
    folder: Path,
    device: torch.device,
    minutes: float | None = None,
    later: float = 0.0,
    *,
    anew: bool = False,
) -> None:
    """Train on `data`; writes `language.pt` to `folder`. The decoder is not touched.

    With `anew`, the schedule starts again, from the weights that are there.
    """
    config = settings.language
    progress = Progress(config.steps, config.warmup_steps, minutes, "language", later)
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    corpus = Corpus(settings, data, device)
    objective = Objective(_model(settings), config).to(device)
    trained = [parameter for parameter in objective.parameters() if parameter.requires_grad]
    optimizer = adam(trained, device, config.weight_decay)
    loop = TrainingLoop(
        folder / CHECKPOINT,
        device,
        progress,
        {"model": objective.model, "heads": objective.heads, "optimizer": optimizer},
        averaged=objective.model,
        decay=config.ema,
        rates=[(optimizer, config.learning_rate)],
        save_every=SAVE_EVERY,
        anew=anew,
    )

    def step(bucket: Bucket, *, imagined: bool) -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        with mixed(device):
            losses = objective(corpus.draw(bucket), bucket.length, imagined=imagined)
        losses.sum().backward()
        norm = clip_gradients(trained, 1.0)
        optimizer.step()
        loop.average.update()
        return torch.cat([losses.detach(), norm[None]])

    with compiled((DecoderLayer, HeadLayer), device):
        pool = torch.cuda.graph_pool_handle() if device.type == "cuda" else None
        captured = [
            [CapturedStep(partial(step, b, imagined=i), device, pool) for b in corpus.buckets]
            for i in (False, True)
        ]
    # A bucket's turn comes as often as its utterances need, so that all are equally likely.
    turns = np.array([len(bucket.ids) / bucket.rows for bucket in corpus.buckets])

    def step_of_a_bucket() -> Tensor:
        imagined = progress.fraction > config.imagined_from and rng.random() < config.imagined
        return captured[imagined][rng.choice(len(turns), p=turns / turns.sum())]()

    loop.run(
        step_of_a_bucket,
        (*LOSSES, "gradient"),
        validate=partial(_validate, objective, corpus, device),
        validate_every=VALIDATE_EVERY,
    )


@torch.no_grad()
def _validate(objective: Objective, corpus: Corpus, device: torch.device) -> None:
    """Print the losses of utterances that no training batch has."""
    if corpus.unseen is None:
        return
    with mixed(device), objective.undisturbed():
        batch = corpus.draw(corpus.unseen)
        losses = objective(batch, corpus.unseen.length, imagined=False).tolist()
    figures = " ".join(f"{name} {loss:.4f}" for name, loss in zip(LOSSES, losses, strict=True))
    print(f"language unseen {figures}", file=sys.stderr, flush=True)  # noqa: T201


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
