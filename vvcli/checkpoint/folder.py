"""A model folder: `config.json`, `preprocessor_config.json`, `model.safetensors`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vvcli.checkpoint.regular_file import read_bounded
from vvcli.errors import UnavailableError, unreadable_as
from vvcli.model.config import ModelConfig
from vvcli.model.config_values import shown
from vvcli.samples import SAMPLE_RATE

if TYPE_CHECKING:
    import torch

    from vvcli.model.vibevoice import VibeVoice

MAX_CONFIG_BYTES = 1 << 20  # the published config.json has 3 kB


def read_config(folder: Path) -> ModelConfig:
    """The shapes of the model in `folder`; the weights must be there but are not read.

    Raises:
        UnavailableError: `folder` is not a model folder, or holds a model this program cannot run.
    """
    path = folder / "config.json"
    with unreadable_as(UnavailableError, f"the model folder {folder}"):
        if not folder.is_dir():
            raise UnavailableError(f"there is no model folder {folder}")
        if not path.is_file():
            raise UnavailableError(f"{folder} is not a model folder: it has no config.json")
    config = read_json(path)
    try:
        model = ModelConfig.from_dict(config)
    except (ValueError, OverflowError) as error:
        raise UnavailableError(f"{path} describes no model this program runs: {error}") from error
    if not weights_path(folder).is_file():
        raise UnavailableError(f"{folder} has no model.safetensors: fetch the model again")
    _check_sample_rate(folder)
    return model


def load_model(folder: Path, dtype: torch.dtype) -> VibeVoice:
    """The model in `folder`, on the CPU, in `dtype`.

    Raises:
        UnavailableError: see `read_config` and `load_weights`.
    """
    # torch takes a second to import; a wrong folder is said at once.
    config = read_config(folder)
    from vvcli.checkpoint.weights import load_weights

    return load_weights(weights_path(folder), config, dtype)


def weights_path(folder: Path) -> Path:
    """The one file with all weights of the model in `folder`."""
    return folder / "model.safetensors"


def read_preprocessor(folder: Path) -> dict[str, Any]:
    """`preprocessor_config.json` of the model in `folder`, empty if there is none."""
    path = folder / "preprocessor_config.json"
    with unreadable_as(UnavailableError, path):
        return read_json(path) if path.is_file() else {}


def read_json(path: Path, max_bytes: int = MAX_CONFIG_BYTES) -> dict[str, Any]:
    """The JSON object in `path`.

    Raises:
        UnavailableError: the file cannot be read, is longer than `max_bytes` or is anything else.
    """
    try:
        with unreadable_as(UnavailableError, path):
            content = json.loads(read_bounded(path, max_bytes).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UnavailableError(f"{path} is not JSON: {error}") from error
    if type(content) is not dict:
        raise UnavailableError(f"{path} is not a JSON object")
    return content


def _check_sample_rate(folder: Path) -> None:
    audio = read_preprocessor(folder).get("audio_processor")
    rate = audio.get("sampling_rate", SAMPLE_RATE) if type(audio) is dict else SAMPLE_RATE
    if rate != SAMPLE_RATE:
        raise UnavailableError(
            f"the model in {folder} makes audio at {shown(rate)} Hz; "
            f"only {SAMPLE_RATE} is supported"
        )
