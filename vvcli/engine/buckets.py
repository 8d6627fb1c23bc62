"""The few sizes that steps are run at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

LIMIT_STEP = 64  # eager attention reads caches in steps of this many positions

# On CUDA the sizes are powers of two, and from here on those in between as well: where a step takes
# as long as its rows are many, half of them should not be idle.
BETWEEN_STREAMS = 96
BETWEEN_WINDOWS = 24

# On CUDA a few text windows more cost little, and every number of them is one more graph to
# capture: so many at least, or this share of the streams.
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
        return self._round(count, self.slots, BETWEEN_STREAMS)

    def text(self, count: int, bucket: int) -> int:
        """Rows for `count` text windows after a frame of `bucket` slots; none for none."""
        least = max(FEWEST_WINDOWS, bucket // WINDOWS_SHARE) if self.on_cuda else 0
        return self._round(count and max(count, least), self.windows, BETWEEN_WINDOWS)

    def every(self) -> Iterator[tuple[int, int]]:
        """All pairs of a bucket and text rows that there can be, the largest first."""
        buckets = {self.streams(count) for count in range(self.slots + 1)}
        for bucket in sorted(buckets, reverse=True):
            rows = {self.text(count, bucket) for count in range(self.windows + 1)}
            yield from ((bucket, n) for n in sorted(rows, reverse=True) if bucket or n)

    def _round(self, count: int, most: int, between_from: int) -> int:
        """A size for `count`, `most` at most."""
        if not count:
            return 0
        if self.fixed:
            return most
        if not self.on_cuda:
            return min(count, most)
        power = 1 << (count - 1).bit_length()
        between = power * 3 // 4
        return min(between if max(count, between_from) <= between else power, most)


def limit_of(length: int, capacity: int) -> int:
    """Positions to attend to: `length` rounded up, within `capacity`."""
    return min(-(-length // LIMIT_STEP) * LIMIT_STEP, capacity)
