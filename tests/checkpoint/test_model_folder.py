from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.errors import UnavailableError

from .samples import FULL_CONFIG, TINY, read_config


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("config.json", "preprocessor_config.json", "model.safetensors"):
        shutil.copy(TINY / name, tmp_path)
    return tmp_path


def test_the_tiny_folder_is_a_model() -> None:
    config = read_config(TINY)
    assert (config.lm.text_layers, config.lm.tts_layers, config.decoder.hop) == (2, 4, 160)
    model = ModelFolder(TINY).weights(torch.bfloat16)
    assert model.config == config
    assert model.dtype == torch.bfloat16
    assert not model.training


def test_the_published_shapes_are_read(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps(FULL_CONFIG))
    config = read_config(folder)
    assert (config.lm.text_layers, config.lm.tts_layers, config.decoder.hop) == (4, 20, 3200)
    assert (config.text_window, config.speech_window) == (5, 6)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(UnavailableError, match=f"{folder} .*has no {missing}"):
        read_config(folder)


def test_a_missing_folder_is_named(folder: Path) -> None:
    for wrong in (folder / "none", folder / "config.json"):
        with pytest.raises(UnavailableError, match=f"there is no model folder {wrong}"):
            ModelFolder(wrong).weights(torch.float32)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not JSON"),
        ("\udcff", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("9" * 5000, "is not JSON"),
        ("[]", "is not a JSON object"),
        ("{}", "key 'model_type' is missing"),
        ('{"model_type": "bert"}', "model_type is 'bert'"),
    ],
)
def test_a_config_that_is_none_is_refused(folder: Path, text: str, sentence: str) -> None:
    (folder / "config.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UnavailableError, match=f"config.json .*{sentence}"):
        read_config(folder)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("acoustic_tokenizer_config", "encoder_depths", "3-x-3"),
        ("acoustic_tokenizer_config", "encoder_depths", 3),
        ("acoustic_tokenizer_config", "decoder_ratios", ["a"]),
        ("diffusion_head_config", "head_ffn_ratio", 1e308),
        ("decoder_config", "hidden_size", -1),
        ("decoder_config", "num_hidden_layers", True),
    ],
)
def test_a_config_of_no_model_is_refused(
    folder: Path, section: str, key: str, value: object
) -> None:
    config: dict[str, Any] = json.loads((TINY / "config.json").read_text())
    config[section][key] = value
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UnavailableError, match="describes no model this program runs"):
        read_config(folder)


def test_only_24_kilohertz_is_spoken(folder: Path) -> None:
    path = folder / "preprocessor_config.json"
    path.write_text('{"audio_processor": {"sampling_rate": 16000}}')
    with pytest.raises(UnavailableError, match="at 16000 Hz; only 24000 is supported"):
        read_config(folder)
    for text in ("{}", '{"audio_processor": null}', '{"audio_processor": {}}'):
        path.write_text(text)
        read_config(folder)
    path.unlink()
    read_config(folder)


def test_the_config_and_the_tokenizer_need_no_torch() -> None:
    program = (
        "import sys\n"
        "import vvcli.checkpoint.model_folder, vvcli.checkpoint.tokenizer, vvcli.checkpoint.hub\n"
        "import vvcli.checkpoint.voice_search, vvcli.cli.voices, vvcli.cli.models\n"
        "print([name for name in ('torch', 'tokenizers', 'huggingface_hub', 'safetensors')"
        " if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout == "[]\n"
