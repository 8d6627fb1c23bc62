"""How busy the GPU is, asked of NVML in the background."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import Any

import torch

from vvcli.bench.sampler import Sampler


class GpuUse(Sampler):
    """While this is entered, samples the share of time in which some kernel ran.

    Without NVML (the package nvidia-ml-py), without a driver, or on a CPU, nothing is known.
    """

    interval = 0.05

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device
        self._samples: list[int] = []

    @property
    def percent(self) -> float | None:
        """The mean, once left; none if it is not known."""
        return sum(self._samples) / len(self._samples) if self._samples else None

    def __enter__(self) -> GpuUse:
        if self._device.type == "cuda":
            # Whatever is wrong with NVML is no reason not to measure the rest.
            with suppress(Exception):
                self._nvml = import_module("pynvml")
                self._nvml.nvmlInit()
                self._handle = _handle(self._nvml, self._device)
                super().__enter__()
        return self

    def look(self) -> None:
        """Ask NVML, which may have become silent."""
        with suppress(Exception):
            self._samples.append(self._nvml.nvmlDeviceGetUtilizationRates(self._handle).gpu)


def _handle(nvml: Any, device: torch.device) -> Any:
    """NVML's name for `device`; CUDA_VISIBLE_DEVICES may number devices in another way."""
    uuid = getattr(torch.cuda.get_device_properties(device), "uuid", None)
    if uuid is not None:
        with suppress(Exception):
            return nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}".encode())
    return nvml.nvmlDeviceGetHandleByIndex(device.index or 0)
