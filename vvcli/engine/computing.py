"""The state of torch in which the engine computes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch


@contextmanager
def computing(device: torch.device) -> Iterator[None]:
    """Turn gradients off, and make `device` that of streams, graphs and kernels."""
    on_device: AbstractContextManager[None] = nullcontext()
    if device.type == "cuda":
        on_device = torch.cuda.device(device)
    with torch.inference_mode(), on_device:
        yield
