"""Weights between `model.safetensors` and the modules."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vvcli.checkpoint.layout import TensorLayout, layout
from vvcli.checkpoint.safetensors_header import FLOATS, read_header
from vvcli.errors import UnavailableError
from vvcli.model.config import ModelConfig
from vvcli.model.empty import empty_model
from vvcli.model.vibevoice import VibeVoice

DTYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float64)


def load_weights(path: Path, config: ModelConfig, dtype: torch.dtype) -> VibeVoice:
    """A model with the weights in `path`, on the CPU, in `dtype`.

    The file is mapped, not read whole. Tensors the model does not use (the TTS LM's embedding,
    136 M parameters of the published checkpoint) are never touched.

    Raises:
        UnavailableError: the file is not safetensors, or a tensor is missing, of the wrong shape
            or type, or not finite; the message names it.
    """
    entries = layout(config)
    # Before a module is built or a byte allocated: the config alone says how large they are.
    _check_header(entries, path)
    model = empty_model(config)
    try:
        with safe_open(path, framework="pt") as file:
            state = {entry.name: _read(entry, file, path, dtype) for entry in entries}
    except (SafetensorError, OSError) as error:
        raise UnavailableError(f"{path} is not a readable safetensors file: {error}") from error
    model.load_state_dict(state, assign=True)
    return model.requires_grad_(False).eval()


def save_weights(model: VibeVoice, path: Path) -> None:
    """Write `model` to `path` in the official layout."""
    ours = model.state_dict()
    official: dict[str, Tensor] = {}
    for entry in layout(model.config):
        parts = entry.split(ours[entry.name])
        official |= {
            name: part.contiguous().clone() for name, part in zip(entry.sources, parts, strict=True)
        }
    # `save_file` would make a file that only its owner can read.
    path.write_bytes(save(official, metadata={"format": "pt"}))


def _check_header(entries: list[TensorLayout], path: Path) -> None:
    """Refuse a file in which a tensor is missing, or of another shape or type."""
    found = read_header(path)
    for entry in entries:
        for name, shape in entry.sources.items():
            if name not in found:
                raise UnavailableError(f"{path}: tensor {name} is missing")
            tensor = found[name]
            # The published file stores the two scalars as such; others wrote them as [1].
            if tensor.shape != shape and (shape or math.prod(tensor.shape) != 1):
                raise UnavailableError(
                    f"{path}: tensor {name} has shape {list(tensor.shape)}, not {list(shape)}"
                )
            if tensor.dtype not in FLOATS:
                raise UnavailableError(
                    f"{path}: tensor {name} is {tensor.dtype}, not floating point"
                )


def _read(entry: TensorLayout, file: Any, path: Path, dtype: torch.dtype) -> Tensor:
    parts = [file.get_tensor(name).view(shape) for name, shape in entry.sources.items()]
    # A copy of its own, so that nothing points into the mapped file once it is closed.
    tensor = entry.join(parts).to(dtype, copy=True).contiguous()
    # Asked of what is computed with: a large float64 is infinite in float32.
    if not is_finite(tensor):
        wrong = [not is_finite(part.to(dtype)) for part in parts]
        name = list(entry.sources)[wrong.index(True)]
        raise UnavailableError(f"{path}: tensor {name} has values that are not finite in {dtype}")
    return tensor


def is_finite(tensor: Tensor) -> bool:
    """Whether every value is finite; one summing pass decides unless the sum itself overflows."""
    if bool(torch.isfinite(tensor.sum(dtype=torch.float32))):
        return True
    return bool(torch.isfinite(tensor).all())
