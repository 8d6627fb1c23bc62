"""Where the host's time goes: a look at the stacks of all threads now and then."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from types import FrameType

import vvcli
from vvcli.bench.sampler import Sampler

# Threads of the measurement, this one among them, are no part of the work.
MEASURING = ("bench/sampler", "bench/host_time", "bench/gpu_use", "bench/pipes")
PACKAGE = str(Path(vvcli.__file__).parent)


class HostTime(Sampler):
    """While this is entered, samples which functions of vvcli the threads are in.

    Time in a library counts for the function that called it, so waiting for the device is the
    time of whoever waits. A look holds all of them up for a tenth of a millisecond or more.
    """

    interval = 0.02

    def __init__(self) -> None:
        super().__init__()
        self._seen: Counter[str] = Counter()
        self._looks = 0

    def shares(self, most: int = 12) -> dict[str, float]:
        """Functions and their share of the time, the largest `most` first.

        Threads work side by side, so the shares may add up to more than one.
        """
        looks = max(1, self._looks)
        return {name: round(n / looks, 4) for name, n in self._seen.most_common(most)}

    def look(self) -> None:
        """Look at all threads once."""
        self._looks += 1
        for frame in sys._current_frames().values():
            place = _place(frame)
            if place and not place.startswith(MEASURING):
                self._seen[place] += 1


def _place(frame: FrameType | None) -> str | None:
    """The innermost function of vvcli on a stack, if there is one."""
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(PACKAGE):
            module = code.co_filename[len(PACKAGE) + 1 :].removesuffix(".py")
            return f"{module}: {getattr(code, 'co_qualname', code.co_name)}"
        frame = frame.f_back
    return None
