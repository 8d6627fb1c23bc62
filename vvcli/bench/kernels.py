"""The time of each kernel of a frame, from a trace of its graph, beside the least it could be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vvcli.bench.floor import Rates
from vvcli.bench.frame_time import RunningSlots
from vvcli.bench.kernel_work import PRODUCT, KernelWork, kernel_work
from vvcli.bench.random_model import voice_length
from vvcli.bench.trace import device_events
from vvcli.engine.backends.triton.common.card import card_of
from vvcli.engine.engine import Engine
from vvcli.model.vibevoice import VibeVoice

FRAMES = 20

ON_DEVICE = ("kernel", "gpu_memcpy", "gpu_memset")

# As cuBLAS names its products, over its generations.
_PRODUCTS = re.compile(r"nvjet|gemm|gemv|cutlass|xmma|splitKreduce", re.IGNORECASE)


@dataclass(frozen=True)
class KernelRow:
    """A kernel of a frame; what no launch of ours explains has no work."""

    kernel: str
    calls: float  # a frame
    us: float  # a frame, summed over its calls
    bytes: float | None
    flops: float | None
    floor_us: float | None
    share: float | None  # of the floor in the time


@dataclass(frozen=True)
class KernelTable:
    """The kernels of one number of streams, the longest first."""

    streams: int
    busy_us: float  # of a frame: at least one kernel runs
    kernels_us: float  # of a frame, summed over kernels, which overlap
    floor_us: float  # the sum of the floors of all calls
    rows: list[KernelRow]


def measure_kernels(model: VibeVoice, streams: int, *, steps: int, rates: Rates) -> KernelTable:
    """Trace frames of `streams` slots as `speak` would run them.

    Raises:
        UnavailableError: the device has no memory for so many streams.
    """
    running = RunningSlots(Engine(model, slots=streams, steps=steps))
    running.time(running.frame, 1)  # captured before the trace begins
    running.reset()
    events = device_events(running.frame, model.device, FRAMES)
    work = kernel_work(
        model.config,
        card_of(model.device),
        streams,
        steps=steps,
        positions=voice_length(model.config),
        rates=rates,
    )
    return make_table(streams, events, FRAMES, work)


def make_table(
    streams: int, events: Iterable[dict[str, Any]], frames: int, work: Mapping[str, KernelWork]
) -> KernelTable:
    """The table of a trace of `frames` frames, whose times are in microseconds."""
    found = [event for event in events if event.get("cat") in ON_DEVICE]
    times: dict[str, list[float]] = {}
    for event in found:
        times.setdefault(_family(event["name"], work), []).append(float(event["dur"]))
    rows = [_row(kernel, own, frames, work.get(kernel)) for kernel, own in times.items()]
    rows.sort(key=lambda row: -row.us)
    return KernelTable(
        streams,
        _busy(found) / frames,
        sum(row.us for row in rows),
        sum(entry.floor_us for entry in work.values()),
        rows,
    )


def _family(name: str, work: Mapping[str, KernelWork]) -> str:
    if name in work:
        return name
    return PRODUCT if _PRODUCTS.search(name) else name


def _row(kernel: str, times: list[float], frames: int, work: KernelWork | None) -> KernelRow:
    us, calls = sum(times) / frames, len(times) / frames
    if work is None:
        return KernelRow(kernel, calls, us, None, None, None, None)
    share = work.floor_us / us if us else None
    return KernelRow(kernel, calls, us, work.bytes, work.flops, work.floor_us, share)


def _busy(events: Iterable[dict[str, Any]]) -> float:
    """Microseconds in which at least one of `events` runs."""
    total, end = 0.0, float("-inf")
    for event in sorted(events, key=lambda event: event["ts"]):
        start, stop = float(event["ts"]), float(event["ts"]) + float(event["dur"])
        total += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return total
