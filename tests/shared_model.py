"""The tiny model, read once for all tests of a process, and packed once for its CPU.

That is two thirds of what `vvcli speak` does in this process for a few words. Whatever is read from
another file, and what a process that begins cold reads, is read anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from vvcli.checkpoint import weights
from vvcli.engine.backends.cpu import build
from vvcli.model.config import ModelConfig
from vvcli.model.vibevoice import VibeVoice

FILE = Path(__file__).parent / "data" / "tiny" / "model.safetensors"

_read, _pack = weights.load_weights, build.with_fast_layers
_models: dict[tuple[ModelConfig, torch.dtype], VibeVoice] = {}
_packed: dict[tuple[VibeVoice, bool, int], VibeVoice] = {}


def _load_weights(path: Path, config: ModelConfig, dtype: torch.dtype) -> VibeVoice:
    if path.resolve() != FILE:
        return _read(path, config, dtype)
    if (config, dtype) not in _models:
        model = _models[config, dtype] = _read(path, config, dtype)
        # Now, before a test patches a module of it.
        for fixed in (False, True):
            _packed[model, fixed, torch.get_num_threads()] = _pack(model, fixed=fixed)
    return _models[config, dtype]


def _with_fast_layers(model: VibeVoice, *, fixed: bool) -> VibeVoice:
    key = model, fixed, torch.get_num_threads()
    return _packed.get(key) or _pack(model, fixed=fixed)


def share() -> None:
    """Share it for as long as this process lives."""
    _use(_load_weights, _with_fast_layers)


def _use(read: Any, pack: Any) -> None:
    patched: Any
    for patched, name, function in (
        (weights, "load_weights", read),
        (build, "with_fast_layers", pack),
    ):
        setattr(patched, name, function)


@contextmanager
def shared() -> Iterator[None]:
    """Share it for as long as the context lasts; then its numbers must be those of the file."""
    share()
    yield
    _use(_read, _pack)
    for (config, dtype), model in _models.items():
        expected = _read(FILE, config, dtype).state_dict()
        changed = [name for name, t in model.state_dict().items() if not t.equal(expected[name])]
        assert changed == [], "a test has written into the model that others use"
