"""Chooses the back-end of a model by its device and dtype."""

from __future__ import annotations

import logging
from importlib.util import find_spec

import torch

from vvcli.engine.backends.backend import Backend
from vvcli.engine.backends.plain import plain_backend
from vvcli.model.vibevoice import VibeVoice

logger = logging.getLogger(__name__)

# Compute capability that the kernels' tiles are known to fit: their shared memory is sized for 9.0
# (228 KB a multiprocessor), and several tiles need more than other cards have.
KERNEL_CAPABILITY = (9, 0)


def choose_backend(model: VibeVoice) -> Backend:
    """The fastest back-end for `model` where it is."""
    if runs_kernels(model):
        try:
            # Only here: Triton is not there on every machine, and takes a while to load.
            from vvcli.engine.backends.triton.build import triton_backend
        except Exception as error:  # a broken installation may raise anything
            logger.warning("Triton cannot be loaded: %r; using plain modules", error)
        else:
            return triton_backend(model)
    if model.device.type == "cpu":
        from vvcli.engine.backends.cpu.build import cpu_backend

        return cpu_backend(model)
    return plain_backend(model)


def runs_kernels(model: VibeVoice) -> bool:
    """Whether `model` may run on the kernels: bfloat16, on a GPU they are made for, with Triton."""
    if model.device.type != "cuda" or model.dtype != torch.bfloat16 or find_spec("triton") is None:
        return False
    return torch.cuda.get_device_capability(model.device) == KERNEL_CAPABILITY
