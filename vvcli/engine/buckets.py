"""The few sizes that steps are run at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

LIMIT_STEP = 64  # eager attention reads caches in steps of this many positions

# Text windows of a step, at least; and the share of the streams that they are rounded up to, since
# a few windows more cost little beside many streams, and every size is one more graph to capture.
FEWEST_WINDOWS = 4
WINDOWS_SHARE = 16


@dataclass(frozen=True)
class Buckets:
    """Sizes for up to `slots` streams and `windows` text windows.

    On CUDA they are few, since each pair is a graph of its own. With `fixed` there is one.
    """

    slots: int
    windows: int
    on_cuda: bool
    fixed: bool

    def streams(self, count: int) -> int:
        """The bucket of `count` slots; none for none."""
        return self._round(count, 1, self.slots)

    def text(self, count: int, bucket: int) -> int:
        """Rows for `count` text windows after a frame of `bucket` slots; none for none."""
        return self._round(count, max(FEWEST_WINDOWS, bucket // WINDOWS_SHARE), self.windows)

    def every(self) -> Iterator[tuple[int, int]]:
        """All pairs of a bucket and text rows that there can be, the largest first."""
        buckets = {self.streams(count) for count in range(self.slots + 1)}
        for bucket in sorted(buckets, reverse=True):
            rows = {self.text(count, bucket) for count in range(self.windows + 1)}
            yield from ((bucket, n) for n in sorted(rows, reverse=True) if bucket or n)

    def _round(self, count: int, least: int, most: int) -> int:
        if not count:
            return 0
        if self.fixed:
            return most
        if not self.on_cuda:
            return count
        return min(1 << (max(count, least) - 1).bit_length(), most)


def limit_of(length: int, capacity: int) -> int:
    """Positions to attend to: `length` rounded up, within `capacity`."""
    return min(-(-length // LIMIT_STEP) * LIMIT_STEP, capacity)
