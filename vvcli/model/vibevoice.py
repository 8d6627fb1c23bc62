"""The whole model: parts and shapes of VibeVoice-Realtime, with no state of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vvcli.model.acoustic_decoder import AcousticDecoder
from vvcli.model.config import ModelConfig
from vvcli.model.diffusion_head import DiffusionHead
from vvcli.model.transformer import RMSNorm, Transformer

SPEECH, TEXT = 0, 1


class SpeechConnector(nn.Module):
    """Maps a latent frame to an input of the TTS LM."""

    def __init__(self, latent_size: int, hidden_size: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(latent_size, hidden_size)
        self.norm = RMSNorm(hidden_size, 1e-6)
        self.fc2 = nn.Linear(hidden_size, hidden_size)

    def forward(self, latent: Tensor) -> Tensor:
        """[..., latent] to [..., H]."""
        return self.fc2(self.norm(self.fc1(latent)))


class EosClassifier(nn.Module):
    """Tells from the TTS LM's hidden state whether the frame just made was the last."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(hidden_size, hidden_size)
        self.fc2 = nn.Linear(hidden_size, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        """[..., H] to logits [...]."""
        return self.fc2(torch.relu(self.fc1(hidden))).squeeze(-1)


class VibeVoice(nn.Module):
    """All weights. The engine runs its parts; `checkpoint` fills them."""

    speech_scaling_factor: Tensor
    speech_bias_factor: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        lm = config.lm
        self.embed_tokens = nn.Embedding(lm.vocab_size, lm.hidden_size)
        self.language_model = Transformer(lm, lm.text_layers, final_norm=False)
        self.tts_language_model = Transformer(lm, lm.tts_layers, final_norm=True)
        self.tts_input_types = nn.Embedding(2, lm.hidden_size)
        self.acoustic_connector = SpeechConnector(config.head.latent_size, lm.hidden_size)
        self.prediction_head = DiffusionHead(config.head)
        self.acoustic_decoder = AcousticDecoder(config.decoder)
        self.eos_classifier = EosClassifier(lm.hidden_size)
        self.register_buffer("speech_scaling_factor", torch.tensor(1.0))
        self.register_buffer("speech_bias_factor", torch.tensor(0.0))

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the weights."""
        return self.embed_tokens.weight.dtype

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.embed_tokens.weight.device

    def decode(self, latents: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Samples [B, T·hop] and next context for unscaled latents [B, T, latent]."""
        return self.acoustic_decoder(self.unscale(latents), context)

    def unscale(self, latents: Tensor) -> Tensor:
        """Latents as the decoder takes them, in the dtype of the weights."""
        scaled = latents / self.speech_scaling_factor - self.speech_bias_factor
        return scaled.to(self.dtype)
