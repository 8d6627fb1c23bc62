"""`preprocessor_config.json`: the sample rate of a model, and where its tokenizer is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vvcli.errors import UnavailableError
from vvcli.model.config_values import shown
from vvcli.samples import SAMPLE_RATE

FILE_NAME = "preprocessor_config.json"

DEFAULT_REPOSITORY = "Qwen/Qwen2.5-0.5B"


def tokenizer_repository(preprocessor: Mapping[str, Any]) -> str:
    """The hub id of the tokenizer of a model that has no `tokenizer.json` of its own."""
    name = preprocessor.get("language_model_pretrained_name")
    return name if type(name) is str and name else DEFAULT_REPOSITORY


def check_sample_rate(preprocessor: Mapping[str, Any], folder: Path) -> None:
    """Refuse a model whose audio has another sample rate than the published ones.

    Raises:
        UnavailableError: the sample rate is not `SAMPLE_RATE`.
    """
    audio = preprocessor.get("audio_processor")
    rate = audio.get("sampling_rate", SAMPLE_RATE) if type(audio) is dict else SAMPLE_RATE
    if rate != SAMPLE_RATE:
        raise UnavailableError(
            f"the model in {folder} makes audio at {shown(rate)} Hz; "
            f"only {SAMPLE_RATE} is supported"
        )
