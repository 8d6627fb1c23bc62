"""Shapes to measure without any file, as the `config.json` of a model of that shape."""

from __future__ import annotations

from typing import Any


def _config(
    lm: dict[str, Any], tts_layers: int, head: dict[str, Any], decoder: dict[str, Any]
) -> dict[str, Any]:
    return {
        "model_type": "vibevoice_streaming",
        "tts_backbone_num_hidden_layers": tts_layers,
        "decoder_config": {"rope_theta": 1e6, "rms_norm_eps": 1e-6, **lm},
        "diffusion_head_config": {
            "prediction_type": "v_prediction",
            "ddpm_beta_schedule": "cosine",
            "ddpm_num_steps": 1000,
            "rms_norm_eps": 1e-5,
            "head_ffn_ratio": 3.0,
            "hidden_size": lm["hidden_size"],
            **head,
        },
        "acoustic_tokenizer_config": {
            "layernorm": "RMSNorm",
            "layernorm_eps": 1e-5,
            "mixer_layer": "depthwise_conv",
            "vae_dim": head["latent_size"],
            **decoder,
        },
    }


SHAPES: dict[str, dict[str, Any]] = {
    "realtime-0.5b": _config(
        {
            "hidden_size": 896,
            "intermediate_size": 4864,
            "num_hidden_layers": 24,
            "num_attention_heads": 14,
            "num_key_value_heads": 2,
            "vocab_size": 151936,
            "max_position_embeddings": 8192,
        },
        tts_layers=20,
        head={"head_layers": 4, "latent_size": 64},
        decoder={
            "decoder_n_filters": 32,
            "encoder_ratios": [8, 5, 5, 4, 2, 2],
            "encoder_depths": "3-3-3-3-3-3-8",
        },
    ),
    "tiny": _config(
        {
            "hidden_size": 64,
            "intermediate_size": 160,
            "num_hidden_layers": 6,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "vocab_size": 600,
            "max_position_embeddings": 512,
        },
        tts_layers=4,
        head={"head_layers": 2, "latent_size": 16},
        decoder={
            "decoder_n_filters": 4,
            "encoder_ratios": [5, 4, 4, 2],
            "encoder_depths": "2-2-2-2-3",
        },
    ),
}
