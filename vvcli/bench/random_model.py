"""A model with random weights, and a voice for it, fast to make at any size."""

from __future__ import annotations

import torch

from vvcli.model.config import ModelConfig
from vvcli.model.empty import empty_model
from vvcli.model.vibevoice import VibeVoice
from vvcli.model.voice import Voice

BLOCK = 1 << 20  # random numbers that are drawn; larger tensors repeat them


def random_model(config: ModelConfig, device: torch.device, dtype: torch.dtype) -> VibeVoice:
    """Weights of about the spread of trained ones, so that activations stay finite."""
    model = empty_model(config)
    generator = torch.Generator().manual_seed(0)
    block = (0.02 * torch.randn(BLOCK, generator=generator)).to(device, dtype)
    state = {}
    for name, tensor in model.state_dict().items():
        if name.endswith(("norm.weight", "factor", "bias")):
            value = 0.0 if name.endswith("bias") or "bias_factor" in name else 1.0
            state[name] = torch.full(tensor.shape, value, device=device, dtype=dtype)
        else:
            repeats = -(-tensor.numel() // BLOCK)
            state[name] = block.repeat(repeats)[: tensor.numel()].view(tensor.shape)
    model.load_state_dict(state, assign=True)
    return model.to(device).requires_grad_(False).eval()


def random_voice(
    config: ModelConfig, device: torch.device, dtype: torch.dtype, length: int
) -> Voice:
    """A voice with `length` positions in the TTS cache."""
    lm = config.lm
    generator = torch.Generator().manual_seed(1)

    def cache(layers: int, positions: int) -> torch.Tensor:
        shape = (layers, 2, lm.kv_heads, positions, lm.head_dim)
        return torch.randn(shape, generator=generator).to(device, dtype)

    hidden = torch.randn(lm.hidden_size, generator=generator).to(device, dtype)
    return Voice(
        "random",
        cache(lm.text_layers, 32),
        cache(lm.tts_layers, length),
        cache(lm.tts_layers, 1),
        hidden,
    )
