"""The tiny model, read once for all tests of a process, and packed once for its CPU.

That is two thirds of what `vvcli speak` does in this process for a few words. Whatever is read from
another file, and what a process of its own reads, is read anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from vvcli.checkpoint import weights
from vvcli.engine.backends.cpu import build
from vvcli.model.config import ModelConfig
from vvcli.model.vibevoice import VibeVoice

FILE = Path(__file__).parent / "data" / "tiny" / "model.safetensors"


@contextmanager
def shared() -> Iterator[None]:
    """Share it for as long as the context lasts; then its numbers must be those of the file."""
    read, pack = weights.load_weights, build.with_fast_layers
    models: dict[tuple[ModelConfig, torch.dtype], VibeVoice] = {}
    packed: dict[tuple[VibeVoice, bool, int], VibeVoice] = {}

    def load_weights(path: Path, config: ModelConfig, dtype: torch.dtype) -> VibeVoice:
        if path.resolve() != FILE:
            return read(path, config, dtype)
        if (config, dtype) not in models:
            model = models[config, dtype] = read(path, config, dtype)
            # Now, before a test patches a module of it.
            for fixed in (False, True):
                packed[model, fixed, torch.get_num_threads()] = pack(model, fixed=fixed)
        return models[config, dtype]

    def with_fast_layers(model: VibeVoice, *, fixed: bool) -> VibeVoice:
        key = model, fixed, torch.get_num_threads()
        return packed.get(key) or pack(model, fixed=fixed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "load_weights", load_weights)
        patch.setattr(build, "with_fast_layers", with_fast_layers)
        yield
    for (config, dtype), model in models.items():
        expected = read(FILE, config, dtype).state_dict()
        changed = [name for name, t in model.state_dict().items() if not t.equal(expected[name])]
        assert changed == [], "a test has written into the model that others use"
