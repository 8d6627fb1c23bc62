"""The model's shapes, read from the published `config.json`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SAMPLE_RATE = 24_000

# Far above any model, and far below what would fill the memory before a weight is read.
MAX_COUNT = 1 << 20
MAX_LAYERS = 1 << 10


class ConfigError(ValueError):
    """A configuration that does not describe a model this program can run."""


@dataclass(frozen=True)
class LanguageModelConfig:
    """A Qwen2 decoder that is split in two: text layers below, TTS layers above."""

    hidden_size: int
    intermediate_size: int
    text_layers: int
    tts_layers: int
    attention_heads: int
    kv_heads: int
    vocab_size: int
    rope_theta: float
    rms_norm_eps: float
    max_positions: int

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.attention_heads


@dataclass(frozen=True)
class DiffusionHeadConfig:
    """The AdaLN network that turns noise into one latent frame."""

    hidden_size: int
    layers: int
    ffn_size: int
    latent_size: int
    rms_norm_eps: float
    train_steps: int


@dataclass(frozen=True)
class AcousticDecoderConfig:
    """The causal convolutional decoder: one latent in, `hop` samples out."""

    latent_size: int
    filters: int
    ratios: tuple[int, ...]
    depths: tuple[int, ...]
    norm_eps: float

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of each stage, first (widest) to last (`filters`)."""
        return tuple(self.filters << i for i in range(len(self.ratios), -1, -1))

    @property
    def hop(self) -> int:
        """Samples per latent frame."""
        return math.prod(self.ratios)


@dataclass(frozen=True)
class ModelConfig:
    """Everything the modules need to know about a checkpoint."""

    lm: LanguageModelConfig
    head: DiffusionHeadConfig
    decoder: AcousticDecoderConfig
    text_window: int
    speech_window: int

    @property
    def frames_per_token(self) -> float:
        """At most about: speech runs on after its text, twice the frames between text windows."""
        return 2 * self.speech_window / self.text_window

    @property
    def frame_rate(self) -> float:
        """Latent frames per second of audio."""
        return SAMPLE_RATE / self.decoder.hop

    @classmethod
    def from_dict(cls, config: Mapping[str, Any]) -> ModelConfig:
        """Read the official layout of `config.json`.

        Raises:
            ConfigError: a key is missing, of the wrong type, or describes another architecture.
        """
        try:
            return _from_dict(config)
        except ConfigError:
            raise
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
            what = f"key {error} is missing" if isinstance(error, KeyError) else str(error)
            raise ConfigError(what) from error


def _from_dict(config: Mapping[str, Any]) -> ModelConfig:
    model_type = config["model_type"]
    if model_type != "vibevoice_streaming":
        raise ConfigError(f"model_type is {model_type!r}, not 'vibevoice_streaming'")
    lm = _language_model(config["decoder_config"], _count(config, "tts_backbone_num_hidden_layers"))
    head = _diffusion_head(config["diffusion_head_config"])
    decoder = _acoustic_decoder(config["acoustic_tokenizer_config"])
    if head.hidden_size != lm.hidden_size:
        raise ConfigError(f"the head is {head.hidden_size} wide, the LM {lm.hidden_size}")
    if head.latent_size != decoder.latent_size:
        raise ConfigError(f"head latents are {head.latent_size}, decoder's {decoder.latent_size}")
    return ModelConfig(
        lm=lm,
        head=head,
        decoder=decoder,
        # The reference has these two as constants; other checkpoints may set them.
        text_window=_count(config, "text_window_size", 5),
        speech_window=_count(config, "speech_window_size", 6),
    )


def _language_model(config: Mapping[str, Any], tts_layers: int) -> LanguageModelConfig:
    layers = _count(config, "num_hidden_layers", most=MAX_LAYERS)
    if tts_layers >= layers:
        raise ConfigError(f"{tts_layers} TTS layers leave no text layer of {layers}")
    lm = LanguageModelConfig(
        hidden_size=_count(config, "hidden_size"),
        intermediate_size=_count(config, "intermediate_size"),
        text_layers=layers - tts_layers,
        tts_layers=tts_layers,
        attention_heads=_count(config, "num_attention_heads"),
        kv_heads=_count(config, "num_key_value_heads"),
        vocab_size=_count(config, "vocab_size"),
        rope_theta=_positive(config, "rope_theta"),
        rms_norm_eps=_positive(config, "rms_norm_eps"),
        max_positions=_count(config, "max_position_embeddings"),
    )
    if lm.hidden_size % (2 * lm.attention_heads) or lm.attention_heads % lm.kv_heads:
        raise ConfigError(
            f"{lm.attention_heads} heads and {lm.kv_heads} KV heads do not divide "
            f"a width of {lm.hidden_size}"
        )
    return lm


def _diffusion_head(config: Mapping[str, Any]) -> DiffusionHeadConfig:
    for key, only in (("prediction_type", "v_prediction"), ("ddpm_beta_schedule", "cosine")):
        if config[key] != only:
            raise ConfigError(f"{key} is {config[key]!r}; only {only!r} is supported")
    hidden = _count(config, "hidden_size")
    return DiffusionHeadConfig(
        hidden_size=hidden,
        layers=_count(config, "head_layers", most=MAX_LAYERS),
        ffn_size=int(hidden * _positive(config, "head_ffn_ratio")),
        latent_size=_count(config, "latent_size"),
        rms_norm_eps=_positive(config, "rms_norm_eps"),
        train_steps=_count(config, "ddpm_num_steps"),
    )


def _acoustic_decoder(config: Mapping[str, Any]) -> AcousticDecoderConfig:
    for key, only in (
        ("layernorm", "RMSNorm"),
        ("mixer_layer", "depthwise_conv"),
        ("pad_mode", "constant"),
        ("conv_norm", "none"),
        ("causal", True),
        ("conv_bias", True),
        ("disable_last_norm", True),
    ):
        if config.get(key, only) != only:
            raise ConfigError(f"{key} is {config[key]!r}; only {only!r} is supported")
    ratios = config.get("decoder_ratios") or config["encoder_ratios"]
    # The decoder mirrors the encoder, so its depths are the encoder's, last stage first.
    depths = config.get("decoder_depths") or "-".join(config["encoder_depths"].split("-")[::-1])
    decoder = AcousticDecoderConfig(
        latent_size=_count(config, "vae_dim"),
        filters=_count(config, "decoder_n_filters"),
        ratios=tuple(int(r) for r in ratios),
        depths=tuple(int(d) for d in depths.split("-")),
        norm_eps=_positive(config, "layernorm_eps"),
    )
    sane = 0 <= min(decoder.depths) <= max(decoder.depths) <= MAX_LAYERS and min(decoder.ratios) > 0
    if len(decoder.depths) != len(decoder.ratios) + 1 or not sane:
        raise ConfigError(f"decoder ratios {ratios} do not fit depths {depths!r}")
    return decoder


def _count(
    config: Mapping[str, Any], key: str, default: int | None = None, most: int = MAX_COUNT
) -> int:
    value = config[key] if default is None else config.get(key, default)
    if type(value) is not int or not 0 < value <= most:
        raise ConfigError(f"{key} is {value!r}, not an integer from 1 to {most}")
    return value


def _positive(config: Mapping[str, Any], key: str) -> float:
    value = config[key]
    if type(value) not in (int, float) or not 0 < value < math.inf:
        raise ConfigError(f"{key} is {value!r}, not a positive number")
    return float(value)
