"""Where the time of frames goes, by torch's profiler."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from vvcli.bench.readings import synchronize
from vvcli.errors import OutputError

FRAMES = 20
ROWS = 25
NAME_WIDTH = 90


def check_trace(path: Path) -> None:
    """Put an empty trace at `path`, before anything is measured.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        path.write_text('{"traceEvents": []}\n', encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write to {path}: {error.strerror}") from error


def device_events(
    frame: Callable[[], object], device: torch.device, frames: int
) -> list[dict[str, Any]]:
    """The events of a Chrome trace of `frames` frames on a GPU."""
    synchronize(device)
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        for _ in range(frames):
            frame()
        synchronize(device)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        events: list[dict[str, Any]] = json.loads(
            path.read_text(encoding="utf-8", errors="replace")
        )["traceEvents"]
    return events


def trace_frames(frame: Callable[[], object], device: torch.device, path: Path) -> list[str]:
    """Run FRAMES frames, write a Chrome trace of them to `path`, and list the top kernels.

    On a CPU the list is of operators. Times are without those of operators inside.
    """
    on_cuda = device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_cuda else [])]
    synchronize(device)
    with profile(activities=activities) as profiler:
        for _ in range(FRAMES):
            frame()
        synchronize(device)
    profiler.export_chrome_trace(str(path))
    order = "self_cuda_time_total" if on_cuda else "self_cpu_time_total"
    table: str = profiler.key_averages().table(
        sort_by=order, row_limit=ROWS, max_name_column_width=NAME_WIDTH
    )
    return table.splitlines()
