"""Encoder and decoder: one network for the trainings, of which the decoder is exported."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from vvcli.model.acoustic_decoder import AcousticDecoder, Block
from vvcli.model.config import ModelConfig
from vvcli.voicelab.encoder import Encoder
from vvcli.voicelab.loop import load_checkpoint
from vvcli.voicelab.settings import Settings, model_config

# What the trainings leave, the first and the second.
SPECTRAL, ADVERSARIAL = "autoencoder.pt", "decoder.pt"


class Autoencoder(nn.Module):
    """The encoder, which only training has, and the model's own decoder."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.encoder = Encoder(settings.shapes.latent, settings.hop)
        self.decoder = AcousticDecoder(ModelConfig.from_dict(model_config(settings)).decoder)
        for module in self.decoder.modules():
            if isinstance(module, Block):
                # The published 1e-6 is for deep stacks and long trainings; ours is neither.
                nn.init.constant_(module.gamma, 0.3)
                nn.init.constant_(module.ffn_gamma, 0.3)


def load_autoencoder(settings: Settings, folder: Path, device: torch.device) -> Autoencoder:
    """The averaged networks of the last training that left any in `folder`, frozen.

    Raises:
        FileNotFoundError: there is no checkpoint yet.
    """
    state = load_checkpoint(folder / ADVERSARIAL, device)
    state = state or load_checkpoint(folder / SPECTRAL, device)
    if state is None:
        raise FileNotFoundError(folder / SPECTRAL)
    networks = Autoencoder(settings).to(device)
    networks.load_state_dict({**state["networks"], **state["average"]})
    return networks.requires_grad_(False).eval()
