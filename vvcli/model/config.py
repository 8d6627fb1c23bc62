"""The model's shapes, read from the published `config.json`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vvcli.model import config_values as limits
from vvcli.model.config_values import ConfigError, count_in, number_in, shown
from vvcli.samples import SAMPLE_RATE

KERNEL = 7  # positions that each convolution of the acoustic decoder sees


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

    @property
    def context_size(self) -> int:
        """Numbers of state that the decoder keeps of one stream between frames."""
        widths = [self.latent_size, self.channels[-1]]  # of the first and the last convolution
        for width, depth in zip(self.channels, self.depths, strict=True):
            widths += depth * [width]
        return (KERNEL - 1) * sum(widths) + sum(self.channels[:-1])  # an upsampling sees one input


@dataclass(frozen=True)
class ModelConfig:
    """Everything the modules need to know about a checkpoint."""

    lm: LanguageModelConfig
    head: DiffusionHeadConfig
    decoder: AcousticDecoderConfig
    text_window: int
    speech_window: int
    frames_per_token: float  # at most about: what a part of a long record must leave room for
    cfg_scale: float  # guidance where the user asks for none
    solver_steps: int  # per frame, where the user asks for none

    @property
    def frame_rate(self) -> float:
        """Latent frames per second of audio."""
        return SAMPLE_RATE / self.decoder.hop

    def pick_steps(self, asked: int | None) -> int:
        """Solver steps per frame: those asked for, or the model's own."""
        return self.solver_steps if asked is None else asked

    def pick_cfg_scale(self, asked: float | None) -> float:
        """Guidance: the one asked for, or the model's own."""
        return self.cfg_scale if asked is None else asked

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
            reason = f"key {error} is missing" if isinstance(error, KeyError) else str(error)
            raise ConfigError(reason[: limits.MAX_REASON]) from error


def _from_dict(config: Mapping[str, Any]) -> ModelConfig:
    model_type = config["model_type"]
    if model_type != "vibevoice_streaming":
        raise ConfigError(f"model_type is {shown(model_type)}, not 'vibevoice_streaming'")
    tts_layers = count_in(config, "tts_backbone_num_hidden_layers", limits.MAX_LAYERS)
    lm = _language_model(config["decoder_config"], tts_layers)
    head = _diffusion_head(config["diffusion_head_config"])
    decoder = _acoustic_decoder(config["acoustic_tokenizer_config"])
    if head.hidden_size != lm.hidden_size:
        raise ConfigError(f"the head is {head.hidden_size} wide, the LM {lm.hidden_size}")
    if head.latent_size != decoder.latent_size:
        raise ConfigError(f"head latents are {head.latent_size}, decoder's {decoder.latent_size}")
    # The reference has these two as constants; other checkpoints may set them.
    text_window = count_in(config, "text_window_size", limits.MAX_WINDOW, default=5)
    speech_window = count_in(config, "speech_window_size", limits.MAX_WINDOW, default=6)
    # Speech runs on after its text, twice the frames between text windows, where windows are
    # short. A model that reads whole sentences before it speaks has to say what it measured.
    measured = 2 * speech_window / text_window
    if "frames_per_token" in config:
        measured = number_in(config, "frames_per_token", 1e-3, limits.MAX_WINDOW)
    # What the official demos use, unless the checkpoint sounds best with another.
    guidance = 1.5
    if "cfg_scale" in config:
        guidance = number_in(config, "cfg_scale", 0, limits.MAX_GUIDANCE)
    # Not `ddpm_num_inference_steps` of the head, which is 20 in the published checkpoint: no demo
    # uses it.
    steps = count_in(config, "solver_steps", limits.MAX_SOLVER_STEPS, default=5)
    return ModelConfig(
        lm=lm,
        head=head,
        decoder=decoder,
        text_window=text_window,
        speech_window=speech_window,
        frames_per_token=measured,
        cfg_scale=guidance,
        solver_steps=steps,
    )


def _language_model(config: Mapping[str, Any], tts_layers: int) -> LanguageModelConfig:
    layers = count_in(config, "num_hidden_layers", limits.MAX_LAYERS)
    if tts_layers >= layers:
        raise ConfigError(f"{tts_layers} TTS layers leave no text layer of {layers}")
    lm = LanguageModelConfig(
        hidden_size=count_in(config, "hidden_size", limits.MAX_WIDTH),
        intermediate_size=count_in(config, "intermediate_size", limits.MAX_INNER),
        text_layers=layers - tts_layers,
        tts_layers=tts_layers,
        attention_heads=count_in(config, "num_attention_heads", limits.MAX_WIDTH),
        kv_heads=count_in(config, "num_key_value_heads", limits.MAX_WIDTH),
        vocab_size=count_in(config, "vocab_size", limits.MAX_VOCABULARY),
        rope_theta=number_in(config, "rope_theta", *limits.ROPE_THETAS),
        rms_norm_eps=number_in(config, "rms_norm_eps", *limits.EPSILONS),
        max_positions=count_in(config, "max_position_embeddings", limits.MAX_POSITIONS),
    )
    if lm.hidden_size % (2 * lm.attention_heads) or lm.attention_heads % lm.kv_heads:
        raise ConfigError(
            f"{lm.attention_heads} heads and {lm.kv_heads} KV heads do not divide "
            f"a width of {lm.hidden_size}"
        )
    if lm.max_positions * lm.head_dim > limits.MAX_ROPE:
        raise ConfigError(
            f"max_position_embeddings {lm.max_positions} with heads of width {lm.head_dim}: "
            f"together at most {limits.MAX_ROPE} are supported"
        )
    return lm


def _diffusion_head(config: Mapping[str, Any]) -> DiffusionHeadConfig:
    for key, only in (("prediction_type", "v_prediction"), ("ddpm_beta_schedule", "cosine")):
        if config[key] != only:
            raise ConfigError(f"{key} is {shown(config[key])}; only {only!r} is supported")
    hidden = count_in(config, "hidden_size", limits.MAX_WIDTH)
    ratio = number_in(config, "head_ffn_ratio", 1 / hidden, limits.MAX_FFN_RATIO)
    return DiffusionHeadConfig(
        hidden_size=hidden,
        layers=count_in(config, "head_layers", limits.MAX_LAYERS),
        ffn_size=max(1, int(hidden * ratio)),
        latent_size=count_in(config, "latent_size", limits.MAX_WIDTH),
        rms_norm_eps=number_in(config, "rms_norm_eps", *limits.EPSILONS),
        train_steps=count_in(
            config, "ddpm_num_steps", limits.MAX_TRAIN_STEPS, least=limits.MIN_TRAIN_STEPS
        ),
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
            raise ConfigError(f"{key} is {shown(config[key])}; only {only!r} is supported")
    ratios = config.get("decoder_ratios") or config["encoder_ratios"]
    # The decoder mirrors the encoder, so its depths are the encoder's, last stage first.
    depths = config.get("decoder_depths") or "-".join(config["encoder_depths"].split("-")[::-1])
    if (
        type(ratios) is not list
        or not 0 < len(ratios) <= limits.MAX_STAGES
        or len(depths) > limits.MAX_REASON
    ):
        raise ConfigError(f"the decoder needs 1 to {limits.MAX_STAGES} ratios, and depths for them")
    decoder = AcousticDecoderConfig(
        latent_size=count_in(config, "vae_dim", limits.MAX_WIDTH),
        filters=count_in(config, "decoder_n_filters", limits.MAX_WIDTH),
        ratios=tuple(
            count_in({"decoder ratio": ratio}, "decoder ratio", limits.MAX_RATIO)
            for ratio in ratios
        ),
        depths=tuple(int(depth) for depth in depths.split("-")),
        norm_eps=number_in(config, "layernorm_eps", *limits.EPSILONS),
    )
    possible = all(0 <= depth <= limits.MAX_LAYERS for depth in decoder.depths)
    if len(decoder.depths) != len(decoder.ratios) + 1 or not possible:
        raise ConfigError(f"decoder ratios {ratios} do not fit depths {depths!r}")
    if decoder.channels[0] > limits.MAX_WIDTH:
        raise ConfigError(
            f"decoder_n_filters {decoder.filters} makes {decoder.channels[0]} channels"
        )
    if decoder.hop > limits.MAX_HOP or decoder.hop * decoder.filters > limits.MAX_ACTIVATIONS:
        raise ConfigError(f"decoder ratios {ratios} make {decoder.hop} samples a frame: too many")
    return decoder
