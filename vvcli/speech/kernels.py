"""Kernels of a device against the plain modules, on the weights of a model."""

from __future__ import annotations

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.engine.backends.choose import kernel_backend
from vvcli.engine.backends.compare import Comparison
from vvcli.engine.backends.first_start import results_of
from vvcli.speech.device import pick_device, pick_dtype


def compare_kernels(folder: ModelFolder, device: str) -> list[Comparison]:
    """Every part that kernels compute on `device`; none where plain modules compute all.

    What fails is left to the plain modules from then on.

    Raises:
        UnavailableError: the model or the device is unavailable.
    """
    target = pick_device(device)
    if target.type != "cuda":
        return []
    model = folder.weights(pick_dtype("auto", target)).to(target)
    backend = kernel_backend(model)
    return [] if backend is None else results_of(model).renew(model, backend)
