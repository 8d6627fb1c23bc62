"""Checkpoints from a model folder and its encoder, so that trainings go on from what was shipped.

Optimizers, judges and auxiliary heads are in neither: they start anew, with a warm-up.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from vvcli import Synthesizer
from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.voicelab import language
from vvcli.voicelab.autoencoder import SPECTRAL, Autoencoder, load_autoencoder
from vvcli.voicelab.depths import with_depths
from vvcli.voicelab.encoder import Encoder
from vvcli.voicelab.loop import save_checkpoint
from vvcli.voicelab.settings import Settings
from vvcli.voicelab.speed import LINE

ENCODER = "encoder.safetensors"


def save_encoder(settings: Settings, work: Path, path: Path) -> None:
    """Write the encoder trained in `work` to `path`, in float16."""
    encoder = load_autoencoder(settings, work, torch.device("cpu")).encoder
    save_file({name: tensor.half() for name, tensor in encoder.state_dict().items()}, path)


def restore(settings: Settings, model: Path, encoder: Path, work: Path) -> None:
    """Write the trainings' checkpoints to `work`, from a model folder and `save_encoder`'s file.

    The decoder may have other depths than those of `settings`: see `with_depths`.

    Raises:
        UnavailableError: `model` is no model folder.
        RuntimeError: its other shapes, or the encoder's, are not those of `settings`.
    """
    trained = ModelFolder(model).weights(torch.float32)
    networks = Autoencoder(settings)
    networks.encoder.load_state_dict({k: v.float() for k, v in load_file(encoder).items()})
    depths = networks.decoder.config.depths
    if trained.acoustic_decoder.config.depths != depths:
        latents = _spoken_latents(networks.encoder.eval(), model, settings.hop)
        trained.acoustic_decoder = with_depths(trained.acoustic_decoder, depths, latents)
    networks.decoder.load_state_dict(trained.acoustic_decoder.state_dict())
    # Spectra alone have nothing more to teach them.
    save_checkpoint(
        work / SPECTRAL,
        networks=networks.state_dict(),
        average={},
        step=settings.spectral.steps,
    )
    state = trained.state_dict()
    save_checkpoint(work / language.CHECKPOINT, model=state, average=state, step=0)


@torch.no_grad()
def _spoken_latents(encoder: Encoder, model: Path, hop: int) -> Tensor:
    """Latents [1, T, latent] of what `model` says."""
    utterance = next(iter(Synthesizer(model, device="cpu").speak([LINE])))
    samples = torch.from_numpy(utterance.samples)
    heard = samples[: len(samples) // hop * hop]
    return encoder(heard[None].float())
