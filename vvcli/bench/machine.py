"""Hardware and versions, so that a figure can be read later."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from vvcli import __version__
from vvcli.engine.backends.driver import driver_version
from vvcli.engine.threads import step_threads


def describe_machine(device: torch.device) -> dict[str, Any]:
    """The device, and the versions of the software that computes on it."""
    threads = max(torch.get_num_threads(), step_threads())
    facts: dict[str, Any] = {"device": _processor(), "threads": threads}
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        facts = {
            "device": properties.name,
            "threads": None,
            "device_gib": round(properties.total_memory / 2**30, 1),
            "driver": driver_version(),
            "cuda": torch.version.cuda,
            "triton": _version("triton"),
        }
    return facts | {
        "vvcli": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
