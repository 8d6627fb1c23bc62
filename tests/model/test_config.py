from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from vvcli.bench.shapes import SHAPES
from vvcli.model.config import ModelConfig
from vvcli.model.config_values import (
    MAX_SOLVER_STEPS,
    MAX_TRAIN_STEPS,
    MIN_TRAIN_STEPS,
    ConfigError,
)
from vvcli.model.diffusion_head import solver_steps
from vvcli.script.limits import STEPS


def changed(path: str, value: Any) -> dict[str, Any]:
    config: dict[str, Any] = copy.deepcopy(SHAPES["realtime-0.5b"])
    *parents, key = path.split(".")
    at = config
    for parent in parents:
        at = at[parent]
    at[key] = value
    return config


def test_the_published_shape() -> None:
    config = ModelConfig.from_dict(SHAPES["realtime-0.5b"])
    assert (config.lm.text_layers, config.lm.tts_layers, config.lm.head_dim) == (4, 20, 64)
    assert config.decoder.channels == (2048, 1024, 512, 256, 128, 64, 32)
    assert config.decoder.depths == (8, 3, 3, 3, 3, 3, 3)
    assert config.decoder.hop == 3200
    assert config.frame_rate == 7.5
    assert (config.text_window, config.speech_window) == (5, 6)


def test_windows_are_read_from_optional_keys() -> None:
    config = SHAPES["tiny"] | {"text_window_size": 12, "speech_window_size": 4}
    model = ModelConfig.from_dict(config)
    assert (model.text_window, model.speech_window) == (12, 4)


def test_the_length_of_speech_is_measured_or_follows_from_the_windows() -> None:
    config = SHAPES["tiny"] | {"text_window_size": 12, "speech_window_size": 3}
    assert ModelConfig.from_dict(config).frames_per_token == 0.5
    config["frames_per_token"] = 1.25
    assert ModelConfig.from_dict(config).frames_per_token == 1.25


def test_guidance_is_the_demos_unless_the_checkpoint_names_its_own() -> None:
    assert ModelConfig.from_dict(SHAPES["tiny"]).cfg_scale == 1.5
    assert ModelConfig.from_dict(SHAPES["tiny"] | {"cfg_scale": 1}).cfg_scale == 1.0


def test_solver_steps_are_the_demos_unless_the_checkpoint_names_its_own() -> None:
    # The published checkpoint's head names 20 steps, which no demo uses.
    config = changed("diffusion_head_config.ddpm_num_inference_steps", 20)
    assert ModelConfig.from_dict(config).solver_steps == 5
    own = ModelConfig.from_dict(config | {"solver_steps": 3, "cfg_scale": 2})
    assert [own.pick_steps(asked) for asked in (None, 1, 20)] == [3, 1, 20]
    assert [own.pick_cfg_scale(asked) for asked in (None, 0.0)] == [2.0, 0.0]
    assert STEPS.high == MAX_SOLVER_STEPS


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("solver_steps", 0, "solver_steps is 0, not an integer from 1 to 999"),
        ("solver_steps", 1000, "solver_steps is 1000"),
        ("solver_steps", 5.0, "solver_steps is 5.0"),
        ("solver_steps", None, "solver_steps is None"),
        ("solver_steps", True, "solver_steps is True"),
        ("cfg_scale", -1, "cfg_scale is -1"),
        ("frames_per_token", 0, "frames_per_token is 0"),
        ("frames_per_token", "1", "frames_per_token is '1'"),
        ("model_type", "llama", "model_type is 'llama'"),
        ("decoder_config", None, "not subscriptable"),
        ("decoder_config.hidden_size", 0, "hidden_size is 0"),
        ("decoder_config.hidden_size", 900, "do not divide"),
        ("decoder_config.hidden_size", True, "hidden_size is True"),
        ("decoder_config.num_hidden_layers", 20, "no text layer"),
        ("decoder_config.num_hidden_layers", 1 << 30, "num_hidden_layers"),
        ("decoder_config.rope_theta", float("nan"), "rope_theta is nan"),
        ("diffusion_head_config.prediction_type", "epsilon", "prediction_type is 'epsilon'"),
        ("diffusion_head_config.hidden_size", 448, "448 wide"),
        ("diffusion_head_config.latent_size", 32, "latents are 32"),
        ("diffusion_head_config.head_ffn_ratio", 1e308, "head_ffn_ratio|infinity|integer"),
        ("acoustic_tokenizer_config.mixer_layer", "conv", "mixer_layer is 'conv'"),
        ("acoustic_tokenizer_config.encoder_depths", "3-3", "do not fit depths"),
        ("acoustic_tokenizer_config.encoder_depths", "3-3-3-3-3-3-x", "invalid literal"),
        ("acoustic_tokenizer_config.encoder_ratios", [8, 5, 5, 4, 2, 0], "decoder ratio is 0"),
        ("acoustic_tokenizer_config.encoder_ratios", [2] * 1000, "1 to 16 ratios"),
        ("acoustic_tokenizer_config.encoder_ratios", {"a": 1}, "1 to 16 ratios"),
        ("acoustic_tokenizer_config.encoder_ratios", [1000] * 6, "samples a frame: too many"),
        ("acoustic_tokenizer_config.encoder_depths", "9" * 5000, "depths"),
        ("acoustic_tokenizer_config.decoder_n_filters", 1 << 12, "262144 channels"),
        ("acoustic_tokenizer_config.layernorm_eps", 1e-300, "layernorm_eps is 1e-300"),
        ("diffusion_head_config.head_ffn_ratio", 1e300, "head_ffn_ratio is 1e\\+300"),
        ("diffusion_head_config.head_ffn_ratio", 1e-9, "head_ffn_ratio is 1e-09"),
        (
            "diffusion_head_config.ddpm_num_steps",
            1,
            "ddpm_num_steps is 1, not an integer from 1000",
        ),
        ("diffusion_head_config.ddpm_num_steps", 1 << 20, "ddpm_num_steps is 1048576"),
        ("diffusion_head_config.latent_size", 1 << 20, "latent_size is 1048576"),
        ("decoder_config.hidden_size", 1 << 20, "hidden_size is 1048576"),
        ("decoder_config.intermediate_size", 1 << 20, "intermediate_size is 1048576"),
        ("decoder_config.max_position_embeddings", 1 << 20, "heads of width 64"),
        ("decoder_config.rope_theta", 10**400, "rope_theta is 1000"),
        ("decoder_config.vocab_size", -(10**400), "vocab_size is -1000"),
        ("text_window_size", 1 << 20, "text_window_size is 1048576"),
        ("speech_window_size", 1 << 20, "speech_window_size is 1048576"),
        ("tts_backbone_num_hidden_layers", 1 << 20, "tts_backbone_num_hidden_layers is 1048576"),
    ],
)
def test_what_does_not_fit_is_named(path: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ModelConfig.from_dict(changed(path, value))


def test_a_missing_key_is_named() -> None:
    config = changed("decoder_config.rope_theta", 1)
    del config["decoder_config"]["rope_theta"]
    with pytest.raises(ConfigError, match="'rope_theta' is missing"):
        ModelConfig.from_dict(config)


@pytest.mark.parametrize("train_steps", [MIN_TRAIN_STEPS, MAX_TRAIN_STEPS])
@pytest.mark.parametrize("count", [1, 5, 999])
def test_the_solver_is_finite_within_the_bounds(count: int, train_steps: int) -> None:
    for step in solver_steps(count, train_steps):
        numbers = (step.alpha, step.sigma, step.c_x, step.c_x0, step.c_before)
        assert all(map(math.isfinite, numbers))
