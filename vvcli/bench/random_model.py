"""A model with random weights, and a voice and a tokenizer for it, fast to make at any size."""

from __future__ import annotations

import copy
from zlib import crc32

import torch
from torch import Tensor

from vvcli.model.config import ModelConfig
from vvcli.model.empty import empty_model
from vvcli.model.exchange import exchange
from vvcli.model.vibevoice import VibeVoice
from vvcli.model.voice import Voice

BLOCK = 1 << 20  # random numbers that are drawn; larger tensors repeat them

NEVER = -1e4  # as a logit of end of speech

CHARACTERS_PER_TOKEN = 4  # about what English takes in the published model's vocabulary

POSITIONS = 200  # of a voice's cache, with which a frame is timed


def random_model(config: ModelConfig, device: torch.device, dtype: torch.dtype) -> VibeVoice:
    """Weights of about the spread of trained ones, so that activations stay finite.

    They never say that speech has ended.
    """
    model = empty_model(config)
    generator = torch.Generator().manual_seed(0)
    # Rounded as published weights are: some layers are stored in a type that holds these.
    block = (0.02 * torch.randn(BLOCK, generator=generator)).bfloat16().to(device, dtype)
    state = {}
    for name, tensor in model.state_dict().items():
        if name.endswith(("norm.weight", "factor", "bias")):
            value = 0.0 if name.endswith("bias") or "bias_factor" in name else 1.0
            state[name] = torch.full(tensor.shape, value, device=device, dtype=dtype)
        else:
            state[name] = _numbers(block, tensor.numel()).view(tensor.shape)
    model.load_state_dict(state, assign=True)
    model = model.to(device).requires_grad_(False).eval()
    return without_end(model)


def _numbers(block: Tensor, count: int) -> Tensor:
    """`count` numbers of `block`, from its start and as often as it takes."""
    if count <= len(block):
        return block[:count].clone()  # a view would keep a whole block for a few numbers
    return block.repeat(-(-count // len(block)))[:count]


def without_end(model: VibeVoice) -> VibeVoice:
    """A model of the same weights whose streams do not end by themselves; `model` stays as it is.

    To be called before an engine is made.
    """
    classifier = copy.deepcopy(model.eos_classifier)
    with torch.no_grad():
        classifier.fc2.bias.fill_(NEVER)
    return exchange(model, {"eos_classifier": classifier})


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


def voice_length(config: ModelConfig) -> int:
    """Positions of a random voice: those of a real one, less where the context is small."""
    return min(POSITIONS, config.lm.max_positions // 8)


class RandomTokenizer:
    """Makes a token of every four characters, whatever they are."""

    def __init__(self, vocab_size: int) -> None:
        self._vocab_size = vocab_size

    def encode(self, text: str) -> list[int]:
        """Token ids of `text` and its closing newline."""
        line = f"{text.strip()}\n".encode()
        starts = range(0, len(line), CHARACTERS_PER_TOKEN)
        return [crc32(line[i : i + CHARACTERS_PER_TOKEN]) % self._vocab_size for i in starts]
