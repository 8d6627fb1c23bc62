"""Samples GPU utilisation through NVML during a measurement."""

from __future__ import annotations

import threading
from contextlib import suppress
from importlib import import_module
from typing import Any

import torch

INTERVAL = 0.05  # seconds between two samples


class GpuUse:
    """While this is entered, a thread samples the share of time in which some kernel ran.

    Without NVML (the package nvidia-ml-py), without a driver, or on a CPU, nothing is known.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._samples: list[int] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def percent(self) -> float | None:
        """The mean, once left; None if it is not known."""
        return sum(self._samples) / len(self._samples) if self._samples else None

    def __enter__(self) -> GpuUse:
        if self._device.type == "cuda":
            with suppress(Exception):  # whatever is wrong with NVML, the rest is measured
                nvml = import_module("pynvml")
                nvml.nvmlInit()
                arguments = nvml, _handle(nvml, self._device)
                self._thread = threading.Thread(target=self._sample, args=arguments, daemon=True)
                self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _sample(self, nvml: Any, handle: Any) -> None:
        while not self._stop.wait(INTERVAL):
            with suppress(Exception):  # NVML may fall silent
                self._samples.append(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)


def _handle(nvml: Any, device: torch.device) -> Any:
    """NVML's handle of `device`; CUDA_VISIBLE_DEVICES may number devices in another way."""
    uuid = getattr(torch.cuda.get_device_properties(device), "uuid", None)
    with suppress(Exception):
        return nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}".encode())
    return nvml.nvmlDeviceGetHandleByIndex(device.index or 0)
