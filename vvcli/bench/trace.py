"""Where the time of frames goes, by torch's profiler."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from vvcli.bench.timing import synchronize
from vvcli.errors import OutputError

FRAMES = 20
ROWS = 25
NAME_WIDTH = 90

ON_DEVICE = ("kernel", "gpu_memcpy", "gpu_memset")
ON_HOST = ("cpu_op",)


def check_trace(path: Path) -> None:
    """Put an empty trace at `path`, before anything is measured.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        path.write_text('{"traceEvents": []}\n', encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write to {path}: {error.strerror}") from error


def trace_frames(frame: Callable[[], object], device: torch.device, path: Path) -> list[str]:
    """Run FRAMES frames, write a Chrome trace of them to `path`, and list the top kernels.

    On a CPU the list is of operators.
    """
    on_cuda = device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_cuda else [])]
    synchronize(device)
    with profile(activities=activities) as profiler:
        for _ in range(FRAMES):
            frame()
        synchronize(device)
    profiler.export_chrome_trace(str(path))
    # Read back: `key_averages` takes ten seconds for what this takes one.
    events = json.loads(path.read_text(encoding="utf-8", errors="replace"))["traceEvents"]
    return _table(own_times(events, ON_DEVICE if on_cuda else ON_HOST))


def own_times(events: Iterable[dict[str, Any]], kinds: Iterable[str]) -> dict[str, list[float]]:
    """The time of each event of these kinds, without the events inside it, by name.

    `events` are those of a Chrome trace, in microseconds; events of one thread nest.
    """
    kinds = set(kinds)
    found = [event for event in events if event.get("cat") in kinds and event.get("ph") == "X"]
    found.sort(key=lambda event: (event["pid"], event["tid"], event["ts"], -event["dur"]))
    own = [float(event["dur"]) for event in found]
    inside: list[int] = []  # indices of the events that are open
    for i, event in enumerate(found):
        while inside and not _contains(found[inside[-1]], event):
            inside.pop()
        if inside:
            own[inside[-1]] -= event["dur"]
        inside.append(i)
    times = defaultdict(list)
    for event, time in zip(found, own, strict=True):
        times[event["name"]].append(time)
    return times


def _contains(outer: dict[str, Any], inner: dict[str, Any]) -> bool:
    same = (outer["pid"], outer["tid"]) == (inner["pid"], inner["tid"])
    return bool(same and inner["ts"] + inner["dur"] <= outer["ts"] + outer["dur"])


def _table(times: dict[str, list[float]]) -> list[str]:
    sums = {name: sum(found) for name, found in times.items()}
    total = sum(sums.values()) or 1.0
    lines = [f"{'us/frame':>10} {'share':>6} {'calls':>7}  name"]
    for name in sorted(sums, key=lambda name: -sums[name])[:ROWS]:
        lines.append(
            f"{sums[name] / FRAMES:>10.1f} {sums[name] / total:>6.1%} "
            f"{len(times[name]) / FRAMES:>7.1f}  {name[:NAME_WIDTH]}"
        )
    calls = sum(map(len, times.values())) / FRAMES
    lines.append(f"{total / FRAMES:>10.1f} {1:>6.0%} {calls:>7.1f}  all {len(sums)} names")
    return lines
