"""Readings of a device: the time of calls, the memory they took, the utilisation of a GPU."""

from __future__ import annotations

import gc
import resource
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import torch

from vvcli.speech.device import release_workspaces

WARM_UP = 3

# Linux counts kilobytes, macOS bytes.
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024

INTERVAL = 0.05  # seconds between two samples


def time_calls(call: Callable[[], object], count: int, device: torch.device) -> list[float]:
    """The milliseconds that each of `count` calls takes, when they follow one another.

    On CUDA the calls are launched without waiting, and timed on the device: where launching takes
    longer than computing, that is the time of a launch.
    """
    if device.type == "cuda":
        return _time_on_cuda(call, count, device)
    times = []
    for _ in range(count):
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def synchronize(device: torch.device) -> None:
    """Wait for what was launched on `device`."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _time_on_cuda(call: Callable[[], object], count: int, device: torch.device) -> list[float]:
    with torch.cuda.device(device):
        torch.cuda.synchronize()
        events = [torch.cuda.Event(enable_timing=True) for _ in range(count + 1)]
        events[0].record()
        for event in events[1:]:
            call()
            event.record()
        torch.cuda.synchronize()
    return [start.elapsed_time(end) for start, end in pairwise(events)]


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
            self._thread = threading.Thread(target=self._sample, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(INTERVAL):
            with suppress(Exception):  # whatever is wrong with NVML, the rest is measured
                self._samples.append(torch.cuda.utilization(self._device))
