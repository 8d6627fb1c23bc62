"""Chooses the back-end of a model by its device and dtype."""

from __future__ import annotations

import logging
from importlib.util import find_spec

import torch

from vvcli.engine.backends.backend import Backend
from vvcli.engine.backends.first_start import without_failures
from vvcli.engine.backends.plain import plain_backend
from vvcli.model.vibevoice import VibeVoice

logger = logging.getLogger(__name__)

# The least compute capability with what the kernels ask of a card: bfloat16 in tensor cores, and
# copies to shared memory that programs need not wait for.
KERNEL_CAPABILITY = (8, 0)


def choose_backend(model: VibeVoice, *, fixed: bool = False) -> Backend:
    """The fastest back-end for `model` where it is.

    With `fixed`, of those that on a CPU round a row alike wherever it stands among others.
    """
    kernels = kernel_backend(model)
    if kernels is not None:
        return without_failures(model, kernels)
    if model.device.type == "cpu":
        from vvcli.engine.backends.cpu.build import cpu_backend

        return cpu_backend(model, fixed=fixed)
    return plain_backend(model)


def kernel_backend(model: VibeVoice) -> Backend | None:
    """The back-end of kernels, compared with nothing, where there is one."""
    if not runs_kernels(model):
        return None
    try:
        # Only here: Triton is not there on every machine, and takes a while to load.
        from vvcli.engine.backends.triton.build import triton_backend
    except Exception as error:  # a broken installation may raise anything
        logger.warning("Triton cannot be loaded: %r; using plain modules", error)
        return None
    return triton_backend(model)


def runs_kernels(model: VibeVoice) -> bool:
    """Whether `model` may run on the kernels: bfloat16, on a GPU they are made for, with Triton."""
    return kernels_run_on(model.device, model.dtype)


def kernels_run_on(device: torch.device, dtype: torch.dtype) -> bool:
    """The same of a model of `dtype` on `device`."""
    if device.type != "cuda" or dtype != torch.bfloat16 or find_spec("triton") is None:
        return False
    return torch.cuda.get_device_capability(device) >= KERNEL_CAPABILITY
