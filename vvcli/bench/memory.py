"""How much memory a measurement took."""

from __future__ import annotations

import gc
import resource
import sys
from dataclasses import dataclass

import torch

from vvcli.speech.device import release_workspaces

# Linux counts kilobytes, macOS bytes.
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Memory:
    """In GiB. On a CPU only the peak of the process since its start is known."""

    allocated: float | None  # peak of tensors
    reserved: float | None  # peak of torch's own share of the device, graphs' pools included
    used: float | None  # of the whole device at the end: the context and other programs, too
    process: float | None


def start_memory(device: torch.device) -> None:
    """Release unused memory, and reset the peaks."""
    gc.collect()
    if device.type == "cuda":
        release_workspaces()  # those of earlier measurements
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def read_memory(device: torch.device) -> Memory:
    """The peaks since `start_memory`."""
    if device.type != "cuda":
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT
        return Memory(None, None, None, _gib(peak))
    free, total = torch.cuda.mem_get_info(device)
    return Memory(
        _gib(torch.cuda.max_memory_allocated(device)),
        _gib(torch.cuda.max_memory_reserved(device)),
        _gib(total - free),
        None,
    )


def _gib(size: int) -> float:
    return round(size / 2**30, 3)
