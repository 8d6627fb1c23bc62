"""Times of repeated calls on a device."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import torch

WARM_UP = 3


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
