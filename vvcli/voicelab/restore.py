"""Checkpoints from a model folder and its encoder, so that trainings go on from what was shipped.

Optimizers, judges and auxiliary heads are in neither: they start anew, with a warm-up.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.voicelab import adversarial, language, spectral
from vvcli.voicelab.loop import save_checkpoint
from vvcli.voicelab.settings import Settings

ENCODER = "encoder.safetensors"


def save_encoder(settings: Settings, work: Path, path: Path) -> None:
    """Write the encoder trained in `work` to `path`, in float16."""
    encoder = spectral.load_autoencoder(settings, work, torch.device("cpu")).encoder
    save_file({name: tensor.half() for name, tensor in encoder.state_dict().items()}, path)


def restore(settings: Settings, model: Path, encoder: Path, work: Path) -> None:
    """Write the trainings' checkpoints to `work`, from a model folder and `save_encoder`'s file.

    Raises:
        UnavailableError: `model` is no model folder.
        RuntimeError: its shapes, or the encoder's, are not those of `settings`.
    """
    trained = ModelFolder(model).weights(torch.float32)
    networks = spectral.Autoencoder(settings)
    networks.encoder.load_state_dict({k: v.float() for k, v in load_file(encoder).items()})
    decoder = trained.acoustic_decoder.state_dict()
    networks.decoder.load_state_dict(decoder)
    # The encoder is at its end: what the others learned is in terms of its latents.
    save_checkpoint(
        work / spectral.CHECKPOINT,
        networks=networks.state_dict(),
        average={},
        step=settings.spectral.steps,
    )
    save_checkpoint(work / adversarial.CHECKPOINT, decoder=decoder, average=decoder, step=0)
    state = trained.state_dict()
    save_checkpoint(work / language.CHECKPOINT, model=state, average=state, step=0)
