"""The trained parts as a model folder in the official layout, with its voices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vvcli.checkpoint.voices import save_voice
from vvcli.checkpoint.weights import save_weights
from vvcli.model.config import LanguageModelConfig, ModelConfig
from vvcli.model.transformer import CacheView, Transformer
from vvcli.model.vibevoice import TEXT, VibeVoice
from vvcli.voicelab import language
from vvcli.voicelab.autoencoder import load_autoencoder
from vvcli.voicelab.loop import load_checkpoint
from vvcli.voicelab.settings import ALPHABET, Settings, model_config


def export(settings: Settings, work: Path, folder: Path) -> None:
    """Write the model trained in `work` to `folder`, weights and voices in float16.

    Raises:
        FileNotFoundError: `work` lacks the checkpoint of a training.
    """
    model = trained_model(settings, work)
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "config.json", model_config(settings))
    _write_json(folder / "preprocessor_config.json", _preprocessor_config(settings))
    _write_json(folder / "tokenizer.json", tokenizer())
    save_weights(model.half(), folder / "model.safetensors")
    (folder / "voices").mkdir(exist_ok=True)
    model.float()
    for number, voice in enumerate(settings.voices):
        tensors = voice_tensors(model, settings.voice_token(number), settings.neutral_token)
        half = {name: tensor.half() for name, tensor in tensors.items()}
        save_voice(half, folder / "voices" / f"{voice.name}.safetensors")


def trained_model(settings: Settings, work: Path) -> VibeVoice:
    """The averaged weights of all trainings in one model, on the CPU in float32."""
    cpu = torch.device("cpu")
    model = VibeVoice(ModelConfig.from_dict(model_config(settings)))
    state = load_checkpoint(work / language.CHECKPOINT, cpu)
    if state is None:
        raise FileNotFoundError(work / language.CHECKPOINT)
    model.load_state_dict({**state["model"], **state["average"]})
    model.acoustic_decoder = load_autoencoder(settings, work, cpu).decoder
    return model.requires_grad_(False).eval()


@torch.no_grad()
def voice_tensors(model: VibeVoice, prompt: int, neutral: int) -> dict[str, Tensor]:
    """The caches that a stream of the voice starts from, each of one position."""
    tensors: dict[str, Tensor] = {}
    config = model.config.lm
    for prefix, token in (("", prompt), ("neg_", neutral)):
        embedding = model.embed_tokens(torch.tensor([[token]]))
        text = _prefill(model.language_model, embedding, config, f"{prefix}lm", tensors)
        text = text + model.tts_input_types.weight[TEXT]
        _prefill(model.tts_language_model, text, config, f"{prefix}tts_lm", tensors)
    return tensors


def _prefill(
    transformer: Transformer,
    inputs: Tensor,
    config: LanguageModelConfig,
    part: str,
    tensors: dict[str, Tensor],
) -> Tensor:
    kv = torch.zeros(len(transformer.layers), 2, 1, config.kv_heads, 1, config.head_dim)
    view = CacheView(kv, torch.zeros(1, 1, dtype=torch.int64), rows=None, limit=1)
    hidden = transformer(inputs, view)
    tensors[f"{part}.last_hidden_state"] = hidden
    for layer, (key, value) in enumerate(kv):
        tensors[f"{part}.key.{layer}"] = key
        tensors[f"{part}.value.{layer}"] = value
    return hidden


def tokenizer() -> dict[str, Any]:
    """A `tokenizer.json` whose tokens are characters; what is none of them is a space."""
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"Regex": "[\\s\\S]"},
            "behavior": "Isolated",
            "invert": False,
        },
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {character: i for i, character in enumerate(ALPHABET)},
            "unk_token": " ",
        },
    }


def _preprocessor_config(settings: Settings) -> dict[str, Any]:
    return {
        "processor_class": "VibeVoiceStreamingProcessor",
        "speech_tok_compress_ratio": settings.hop,
        "db_normalize": True,
        "audio_processor": {
            "feature_extractor_type": "VibeVoiceTokenizerProcessor",
            "sampling_rate": 24_000,
            "normalize_audio": True,
            "target_dB_FS": -25,
            "eps": 1e-6,
        },
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
