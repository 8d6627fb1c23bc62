"""Builds a model without memory or initial values, to be filled from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from vvcli.model.config import ModelConfig
from vvcli.model.vibevoice import VibeVoice


class _WithoutInitialisers(TorchFunctionMode):
    """Skips `torch.nn.init`: on the meta device `normal_` imports the compiler, which costs more
    time than speaking a sentence.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


def empty_model(config: ModelConfig) -> VibeVoice:
    """A model on the meta device, to be filled by `load_state_dict(assign=True)`."""
    with torch.device("meta"), _WithoutInitialisers():
        return VibeVoice(config)
