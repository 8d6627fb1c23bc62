"""The official checkpoint layout beside our parameters, in both directions.

Our modules fuse matrices that share an input, and store convolutions as matrices. This table is
the only place that knows; loading reads it one way, exporting a trained model the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vvcli.model.config import ModelConfig

Shape = tuple[int, ...]


@dataclass(frozen=True)
class TensorLayout:
    """One of our tensors, the official tensors it is made of, and how."""

    name: str
    sources: Mapping[str, Shape]
    join: Callable[[Sequence[Tensor]], Tensor]
    split: Callable[[Tensor], Sequence[Tensor]]


def layout(config: ModelConfig) -> list[TensorLayout]:
    """Every tensor of a model with `config`, in loading order."""
    lm, head = config.lm, config.head
    size = lm.hidden_size
    entries = [
        _same(
            "embed_tokens.weight", "model.language_model.embed_tokens.weight", lm.vocab_size, size
        )
    ]
    for ours, theirs, layers in (
        ("language_model", "model.language_model", lm.text_layers),
        ("tts_language_model", "model.tts_language_model", lm.tts_layers),
    ):
        for i in range(layers):
            entries += _decoder_layer(config, f"{ours}.layers.{i}", f"{theirs}.layers.{i}")
    entries += [
        _same("tts_language_model.norm.weight", "model.tts_language_model.norm.weight", size),
        _same("tts_input_types.weight", "model.tts_input_types.weight", 2, size),
        _same("speech_scaling_factor", "model.speech_scaling_factor"),
        _same("speech_bias_factor", "model.speech_bias_factor"),
    ]
    connector = "acoustic_connector"
    entries += _linear(f"{connector}.fc1", f"model.{connector}.fc1", size, head.latent_size)
    entries += [_same(f"{connector}.norm.weight", f"model.{connector}.norm.weight", size)]
    entries += _linear(f"{connector}.fc2", f"model.{connector}.fc2", size, size)
    entries += _diffusion_head(config)
    entries += _acoustic_decoder(config)
    entries += _linear("eos_classifier.fc1", "tts_eos_classifier.fc1", size, size)
    entries += _linear("eos_classifier.fc2", "tts_eos_classifier.fc2", 1, size)
    return entries


def _decoder_layer(config: ModelConfig, ours: str, theirs: str) -> list[TensorLayout]:
    lm = config.lm
    kv = lm.kv_heads * lm.head_dim
    size, inner = lm.hidden_size, lm.intermediate_size
    qkv = {"q": size, "k": kv, "v": kv}
    attention = f"{theirs}.self_attn"
    return [
        _same(f"{ours}.input_layernorm.weight", f"{theirs}.input_layernorm.weight", size),
        _stacked(
            f"{ours}.self_attn.qkv_proj.weight",
            {f"{attention}.{name}_proj.weight": (rows, size) for name, rows in qkv.items()},
        ),
        _stacked(
            f"{ours}.self_attn.qkv_proj.bias",
            {f"{attention}.{name}_proj.bias": (rows,) for name, rows in qkv.items()},
        ),
        _same(f"{ours}.self_attn.o_proj.weight", f"{attention}.o_proj.weight", size, size),
        _same(
            f"{ours}.post_attention_layernorm.weight",
            f"{theirs}.post_attention_layernorm.weight",
            size,
        ),
        *_swiglu(f"{ours}.mlp", f"{theirs}.mlp", size, inner),
    ]


def _diffusion_head(config: ModelConfig) -> list[TensorLayout]:
    head = config.head
    size = head.hidden_size
    ours, theirs = "prediction_head", "model.prediction_head"
    entries = [
        _same(
            f"{ours}.noisy_images_proj.weight",
            f"{theirs}.noisy_images_proj.weight",
            size,
            head.latent_size,
        ),
        _same(f"{ours}.cond_proj.weight", f"{theirs}.cond_proj.weight", size, size),
        _same(f"{ours}.t_embedder.0.weight", f"{theirs}.t_embedder.mlp.0.weight", size, 256),
        _same(f"{ours}.t_embedder.2.weight", f"{theirs}.t_embedder.mlp.2.weight", size, size),
        _stacked(
            f"{ours}.modulation.weight",
            {
                f"{theirs}.layers.{i}.adaLN_modulation.1.weight": (3 * size, size)
                for i in range(head.layers)
            }
            | {f"{theirs}.final_layer.adaLN_modulation.1.weight": (2 * size, size)},
        ),
        _same(
            f"{ours}.final_linear.weight",
            f"{theirs}.final_layer.linear.weight",
            head.latent_size,
            size,
        ),
    ]
    for i in range(head.layers):
        layer = f"layers.{i}"
        entries += [_same(f"{ours}.{layer}.norm.weight", f"{theirs}.{layer}.norm.weight", size)]
        entries += _swiglu(f"{ours}.{layer}.ffn", f"{theirs}.{layer}.ffn", size, head.ffn_size)
    return entries


def _acoustic_decoder(config: ModelConfig) -> list[TensorLayout]:
    decoder = config.decoder
    channels = decoder.channels
    ours, theirs = "acoustic_decoder", "model.acoustic_tokenizer.decoder"
    up = f"{theirs}.upsample_layers"
    entries = _conv(f"{ours}.stem", f"{up}.0.0.conv.conv", channels[0], decoder.latent_size)
    entries += _conv(f"{ours}.head", f"{theirs}.head.conv.conv", 1, channels[-1])
    for i, ratio in enumerate(decoder.ratios):
        entries += _upsample(
            f"{ours}.upsamples.{i}",
            f"{up}.{i + 1}.0.convtr.convtr",
            channels[i],
            channels[i + 1],
            ratio,
        )
    for i, (width, depth) in enumerate(zip(channels, decoder.depths, strict=True)):
        for j in range(depth):
            block, official = f"{ours}.stages.{i}.{j}", f"{theirs}.stages.{i}.{j}"
            for name in ("norm.weight", "ffn_norm.weight", "gamma", "ffn_gamma"):
                entries.append(_same(f"{block}.{name}", f"{official}.{name}", width))
            mixer = f"{official}.mixer.conv.conv.conv"
            entries.append(_same(f"{block}.mixer.weight", f"{mixer}.weight", width, 1, 7))
            entries.append(_same(f"{block}.mixer.bias", f"{mixer}.bias", width))
            entries += _linear(f"{block}.linear1", f"{official}.ffn.linear1", 4 * width, width)
            entries += _linear(f"{block}.linear2", f"{official}.ffn.linear2", width, 4 * width)
    return entries


def _same(ours: str, theirs: str, *shape: int) -> TensorLayout:
    return TensorLayout(ours, {theirs: shape}, lambda parts: parts[0], lambda tensor: [tensor])


def _stacked(ours: str, sources: Mapping[str, Shape]) -> TensorLayout:
    rows = [shape[0] for shape in sources.values()]
    return TensorLayout(
        ours,
        sources,
        lambda parts: torch.cat(list(parts)),
        lambda tensor: torch.split(tensor, rows),
    )


def _linear(ours: str, theirs: str, rows: int, columns: int) -> list[TensorLayout]:
    return [
        _same(f"{ours}.weight", f"{theirs}.weight", rows, columns),
        _same(f"{ours}.bias", f"{theirs}.bias", rows),
    ]


def _swiglu(ours: str, theirs: str, size: int, inner: int) -> list[TensorLayout]:
    gate_up = {f"{theirs}.{name}_proj.weight": (inner, size) for name in ("gate", "up")}
    return [
        _stacked(f"{ours}.gate_up_proj.weight", gate_up),
        _same(f"{ours}.down_proj.weight", f"{theirs}.down_proj.weight", size, inner),
    ]


def _conv(ours: str, theirs: str, channels_out: int, channels_in: int) -> list[TensorLayout]:
    kernel = 7
    return [
        TensorLayout(
            f"{ours}.linear.weight",
            {f"{theirs}.weight": (channels_out, channels_in, kernel)},
            lambda parts: parts[0].flatten(1),
            lambda tensor: [tensor.view(channels_out, channels_in, kernel)],
        ),
        _same(f"{ours}.linear.bias", f"{theirs}.bias", channels_out),
    ]


def _upsample(ours: str, theirs: str, wide: int, narrow: int, ratio: int) -> list[TensorLayout]:
    def join(parts: Sequence[Tensor]) -> Tensor:
        # [in, out, (now, before) · ratio] to [ratio · out, (before, now) · in]
        split = parts[0].view(wide, narrow, 2, ratio).flip(2)
        return split.permute(3, 1, 2, 0).reshape(ratio * narrow, 2 * wide)

    def split(tensor: Tensor) -> Sequence[Tensor]:
        parts = tensor.view(ratio, narrow, 2, wide).permute(3, 1, 2, 0).flip(2)
        return [parts.reshape(wide, narrow, 2 * ratio)]

    weight = {f"{theirs}.weight": (wide, narrow, 2 * ratio)}
    return [
        TensorLayout(f"{ours}.linear.weight", weight, join, split),
        _same(f"{ours}.bias", f"{theirs}.bias", narrow),
    ]
