"""The few sizes that steps are run at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

LIMIT_STEP = 64  # eager attention reads caches in steps of this many positions

# A few text windows more cost little, and every number of them is one more graph to capture: they
# are rounded up to powers of two, FEWEST_WINDOWS or a WINDOWS_SHARE of the streams at least. From
# MANY streams on, where a pass takes as long as its rows are many, there are sizes in between.
FEWEST_WINDOWS = 4
WINDOWS_SHARE = 16
MANY = 64


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
        rows = self._round(count, max(FEWEST_WINDOWS, bucket // WINDOWS_SHARE), self.windows)
        between = rows * 3 // 4
        if self.on_cuda and not self.fixed and bucket >= MANY and max(count, MANY // 4) <= between:
            return between
        return rows

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
