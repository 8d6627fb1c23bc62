"""The version of NVIDIA's driver."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from pathlib import Path

DRIVER = Path("/proc/driver/nvidia/version")


def driver_version() -> str | None:
    """The version in the line `NVRM version: NVIDIA UNIX ... Kernel Module  580.95.05  ...`."""
    with suppress(OSError, IndexError):
        words = DRIVER.read_text(encoding="utf-8").splitlines()[0].split()
        return next((word for word in words if word[0].isdigit() and "." in word), None)
    # In a container that file may be missing.
    with suppress(Exception):
        nvml = import_module("pynvml")
        nvml.nvmlInit()
        return str(nvml.nvmlSystemGetDriverVersion())
    return None
