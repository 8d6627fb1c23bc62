"""Every choice behind the embedded voice: sizes, amounts, rates, seeds.

The defaults are what the shipped model was made with; tests shrink them. Most of its decoder's
steps were in an older game against other discriminators, and the last ones on a CPU (see README).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Any

RATE = 24_000
GROUPS = ("networks", "judges", "language", "heads")  # of trained weights, to be packed
ALPHABET = "\n abcdefghijklmnopqrstuvwxyz',.?!"
# No line of the training is one letter: of most of them, alone, the voices make a breath.
LETTERS = (
    *("ay", "bee", "see", "dee", "ee", "ef", "gee", "aitch", "eye", "jay", "kay", "el", "em"),
    *("en", "oh", "pee", "cue", "are", "es", "tee", "you", "vee", "double you", "ex", "why", "zee"),
)


@dataclass(frozen=True)
class Voice:
    """One voice of ours, the teacher's voice that it learns, and what it speaks."""

    name: str
    teacher: str
    language: str = "en-US"


@dataclass(frozen=True)
class Texts:
    """How many lines are made up beside all the prose there is, and how long a line may be."""

    made_up: int = 28_000
    alone: float = 0.05
    held_out: int = 400
    longest: int = 340
    max_words: int = 60
    seed: int = 1


@dataclass(frozen=True)
class Shapes:
    """The model's sizes; `model_config` writes them in the official keys.

    Widths are those that every GPU kernel takes: heads of 64, channels that are powers of two.
    """

    hidden: int = 384
    inner: int = 1024
    text_layers: int = 2
    tts_layers: int = 6
    heads: int = 6
    kv_heads: int = 2
    head_layers: int = 3
    head_ratio: float = 2.0
    latent: int = 64
    filters: int = 16
    ratios: tuple[int, ...] = (8, 5, 4, 4, 3)
    depths: str = "2-2-4-2-1-1"
    text_window: int = 160
    speech_window: int = 6
    max_positions: int = 1024  # as long as the longest utterance of the training
    frames_per_token: float = 1.1  # of the slowest utterances
    # The teacher says a line in one way only: guidance has nothing to choose, and costs at 1.5
    # 0.2 of naturalness.
    cfg_scale: float = 1.0


@dataclass(frozen=True)
class Teaching:
    """How the teacher's speech is made."""

    shard_lines: int = 2048
    padded_frames: int = 60_000  # at 40 Hz, of one batch on a GPU
    max_phonemes: int = 400  # longer lines lose their prosody
    seed: int = 6  # of the breath in unvoiced sounds


@dataclass(frozen=True)
class SpectralTraining:
    """Encoder and decoder together, on spectra alone."""

    steps: int = 8000
    crop_frames: int = 20
    batch: int = 32
    learning_rate: float = 1e-3
    warmup_steps: int = 200
    latent_noise: float = 0.3
    ema: float = 0.998
    seed: int = 2


@dataclass(frozen=True)
class AdversarialTraining:
    """The decoder against discriminators, on the encoder's latents or along with it."""

    steps: int = 60_000
    crop_frames: int = 16
    judged_frames: int = 8
    batch: int = 16
    # Of judges beside those of spectra, as (2, 3, 5, 7, 11): for latents that hold phases.
    periods: tuple[int, ...] = ()
    learning_rate: float = 1e-4  # at 3e-4 the decoder overtakes judges of 2e-4 in 500 steps
    encoder_rate: float = 1e-4  # where it is trained, too
    discriminator_rate: float = 6e-4
    warmup_steps: int = 200
    held_steps: int = 500  # for new judges to learn before the decoder does
    unheard_steps: int = 500  # after them, until new judges have their whole weight
    latent_noise: float = 0.1
    mel_weight: float = 15.0
    magnitude_weight: float = 2.0
    # What the game pulls at the decoder, in pulls of both spectral losses: see `Balance`.
    feature_share: float = 4.0
    fooling_share: float = 4.0
    ema: float = 0.999
    seed: int = 4


@dataclass(frozen=True)
class LanguageTraining:
    """The LM, the diffusion head, the connector and the EOS head, trained together."""

    steps: int = 120_000
    tokens_per_batch: int = 24_576
    buckets: tuple[int, ...] = (56, 80, 112, 160, 240, 360, 560, 1024)
    joined: float = 0.08  # utterances more, joined to long ones
    held_out: int = 256  # utterances for validation
    learning_rate: float = 1e-3
    warmup_steps: int = 1500
    weight_decay: float = 0.01
    dropout: float = 0.15  # at 0.05, 45 hours were learned by heart after 16,000 steps
    without_text: float = 0.1
    fed_back_noise: float = 0.3
    imagined: float = 0.5  # steps that feed back what the model made, after a first share
    imagined_from: float = 0.25
    noise_draws: int = 4
    solver_steps: int = 5
    solver_share: float = 0.5
    eos_weight: float = 0.1
    spelling_weight: float = 0.1
    spelling_delay: int = 4  # characters
    phoneme_weight: float = 0.1
    pitch_weight: float = 0.3
    energy_weight: float = 0.1
    ema: float = 0.9995
    seed: int = 3


@dataclass(frozen=True)
class Settings:
    """All of it."""

    voices: tuple[Voice, ...] = (Voice("clara", "af_heart"), Voice("miles", "am_michael"))
    texts: Texts = field(default_factory=Texts)
    shapes: Shapes = field(default_factory=Shapes)
    teaching: Teaching = field(default_factory=Teaching)
    spectral: SpectralTraining = field(default_factory=SpectralTraining)
    adversarial: AdversarialTraining = field(default_factory=AdversarialTraining)
    language: LanguageTraining = field(default_factory=LanguageTraining)

    @property
    def hop(self) -> int:
        """Samples at 24 kHz per latent frame."""
        hop = 1
        for ratio in self.shapes.ratios:
            hop *= ratio
        return hop

    @property
    def vocabulary(self) -> int:
        """Characters, a prompt token per voice, and the neutral token of the negative path."""
        return len(ALPHABET) + len(self.voices) + 1

    def voice_token(self, voice: int) -> int:
        """The prompt token of voice number `voice`."""
        return len(ALPHABET) + voice

    @property
    def neutral_token(self) -> int:
        """The token that stands for no voice and no text."""
        return self.vocabulary - 1


def model_config(settings: Settings) -> dict[str, Any]:
    """The `config.json` of a model with these settings, in the official layout."""
    shapes = settings.shapes
    return {
        "model_type": "vibevoice_streaming",
        "architectures": ["VibeVoiceStreamingForConditionalGenerationInference"],
        "acoustic_vae_dim": shapes.latent,
        "tts_backbone_num_hidden_layers": shapes.tts_layers,
        "text_window_size": shapes.text_window,
        "speech_window_size": shapes.speech_window,
        "frames_per_token": shapes.frames_per_token,
        "cfg_scale": shapes.cfg_scale,
        "text_normalizer": "english",
        "default_voice": settings.voices[0].name,
        "language": settings.voices[0].language,
        "voice_languages": {voice.name: voice.language for voice in settings.voices},
        "lone_words": dict(zip(ascii_lowercase, LETTERS, strict=True)),
        "torch_dtype": "float16",
        "decoder_config": {
            "model_type": "qwen2",
            "hidden_size": shapes.hidden,
            "intermediate_size": shapes.inner,
            "num_hidden_layers": shapes.text_layers + shapes.tts_layers,
            "num_attention_heads": shapes.heads,
            "num_key_value_heads": shapes.kv_heads,
            "vocab_size": settings.vocabulary,
            "rope_theta": 10000.0,
            "rms_norm_eps": 1e-6,
            "max_position_embeddings": shapes.max_positions,
        },
        "diffusion_head_config": {
            "model_type": "vibevoice_diffusion_head",
            "hidden_size": shapes.hidden,
            "head_layers": shapes.head_layers,
            "head_ffn_ratio": shapes.head_ratio,
            "latent_size": shapes.latent,
            "rms_norm_eps": 1e-5,
            "prediction_type": "v_prediction",
            "diffusion_type": "ddpm",
            "ddpm_num_steps": 1000,
            "ddpm_num_inference_steps": 5,
            "ddpm_beta_schedule": "cosine",
        },
        "acoustic_tokenizer_config": {
            "model_type": "vibevoice_acoustic_tokenizer",
            "causal": True,
            "channels": 1,
            "conv_bias": True,
            "conv_norm": "none",
            "corpus_normalize": 0.0,
            "decoder_depths": shapes.depths,
            "decoder_n_filters": shapes.filters,
            "decoder_ratios": list(shapes.ratios),
            "disable_last_norm": True,
            "layernorm": "RMSNorm",
            "layernorm_eps": 1e-5,
            "mixer_layer": "depthwise_conv",
            "pad_mode": "constant",
            "vae_dim": shapes.latent,
        },
    }
