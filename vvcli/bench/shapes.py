"""Shapes to measure without any file, as the `config.json` of a model of that shape."""

from __future__ import annotations

from typing import Any

_DECODER_CONSTANTS = {
    "layernorm": "RMSNorm",
    "layernorm_eps": 1e-5,
    "mixer_layer": "depthwise_conv",
}
_HEAD_CONSTANTS = {
    "prediction_type": "v_prediction",
    "ddpm_beta_schedule": "cosine",
    "ddpm_num_steps": 1000,
    "rms_norm_eps": 1e-5,
}

SHAPES: dict[str, dict[str, Any]] = {
    "realtime-0.5b": {
        "model_type": "vibevoice_streaming",
        "tts_backbone_num_hidden_layers": 20,
        "decoder_config": {
            "hidden_size": 896,
            "intermediate_size": 4864,
            "num_hidden_layers": 24,
            "num_attention_heads": 14,
            "num_key_value_heads": 2,
            "vocab_size": 151936,
            "rope_theta": 1e6,
            "max_position_embeddings": 8192,
            "rms_norm_eps": 1e-6,
        },
        "diffusion_head_config": _HEAD_CONSTANTS
        | {"hidden_size": 896, "head_layers": 4, "head_ffn_ratio": 3.0, "latent_size": 64},
        "acoustic_tokenizer_config": _DECODER_CONSTANTS
        | {
            "vae_dim": 64,
            "decoder_n_filters": 32,
            "encoder_ratios": [8, 5, 5, 4, 2, 2],
            "encoder_depths": "3-3-3-3-3-3-8",
        },
    },
    "tiny": {
        "model_type": "vibevoice_streaming",
        "tts_backbone_num_hidden_layers": 4,
        "decoder_config": {
            "hidden_size": 64,
            "intermediate_size": 160,
            "num_hidden_layers": 6,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "vocab_size": 600,
            "rope_theta": 1e6,
            "max_position_embeddings": 512,
            "rms_norm_eps": 1e-6,
        },
        "diffusion_head_config": _HEAD_CONSTANTS
        | {"hidden_size": 64, "head_layers": 2, "head_ffn_ratio": 3.0, "latent_size": 16},
        "acoustic_tokenizer_config": _DECODER_CONSTANTS
        | {
            "vae_dim": 16,
            "decoder_n_filters": 4,
            "encoder_ratios": [5, 4, 4, 2],
            "encoder_depths": "2-2-2-2-3",
        },
    },
}
