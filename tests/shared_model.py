"""The tiny model and its voices, read once for all tests of a process, and packed once.

That is three quarters of what `vvcli speak` does in this process for a few words. Whatever is read
from another file, and what a process that begins cold reads, is read anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from tests.warm import TINY
from vvcli.checkpoint import voices, weights
from vvcli.engine.backends.cpu import build
from vvcli.model.config import ModelConfig
from vvcli.model.vibevoice import VibeVoice
from vvcli.model.voice import Voice

FOLDERS = {TINY}  # of models that are shared

_read, _pack, _read_voice = weights.load_weights, build.with_fast_layers, voices.load_voice
_models: dict[tuple[Path, ModelConfig, torch.dtype], VibeVoice] = {}
_voices: dict[tuple[Path, ModelConfig, torch.dtype], Voice] = {}
_packed: dict[tuple[VibeVoice, bool, int], VibeVoice] = {}


def _load_weights(path: Path, config: ModelConfig, dtype: torch.dtype) -> VibeVoice:
    found = path.resolve()
    if found.parent not in FOLDERS:
        return _read(path, config, dtype)
    if (found, config, dtype) not in _models:
        model = _models[found, config, dtype] = _read(path, config, dtype)
        # Now, before a test patches a module of it.
        for fixed in (False, True):
            _packed[model, fixed, torch.get_num_threads()] = _pack(model, fixed=fixed)
    return _models[found, config, dtype]


def _with_fast_layers(model: VibeVoice, *, fixed: bool) -> VibeVoice:
    key = model, fixed, torch.get_num_threads()
    return _packed.get(key) or _pack(model, fixed=fixed)


def _load_voice(path: Path, config: ModelConfig, dtype: torch.dtype) -> Voice:
    found = path.resolve()
    if found.parent.parent not in FOLDERS:
        return _read_voice(path, config, dtype)
    if (found, config, dtype) not in _voices:
        _voices[found, config, dtype] = _read_voice(path, config, dtype)
    return _voices[found, config, dtype]


def share() -> None:
    """Share it for as long as this process lives."""
    _use(_load_weights, _with_fast_layers, _load_voice)


def _use(read: Any, pack: Any, read_voice: Any) -> None:
    patched: Any
    for patched, name, function in (
        (weights, "load_weights", read),
        (build, "with_fast_layers", pack),
        (voices, "load_voice", read_voice),
    ):
        setattr(patched, name, function)


@contextmanager
def shared() -> Iterator[None]:
    """Share it for as long as the context lasts; then its numbers must be those of the file."""
    share()
    yield
    _use(_read, _pack, _read_voice)
    for found, model in _models.items():
        expected = _read(*found).state_dict()
        changed = [name for name, t in model.state_dict().items() if not t.equal(expected[name])]
        assert changed == [], "a test has written into the model that others use"
    for key, voice in _voices.items():
        pairs = zip(_tensors(voice), _tensors(_read_voice(*key)), strict=True)
        assert all(one.equal(other) for one, other in pairs), "a test has written into a voice"


def _tensors(voice: Voice) -> list[torch.Tensor]:
    return [value for value in vars(voice).values() if isinstance(value, torch.Tensor)]
