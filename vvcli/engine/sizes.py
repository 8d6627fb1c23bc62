"""The few sizes that steps are run at, that caches have, and that attention reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

# On CUDA sizes are powers of two and, from here on, those halfway between as well: where the time
# of a step grows with its rows, half of them should not be idle.
HALFWAY_STREAMS = 96
HALFWAY_WINDOWS = 24

# On CUDA a few more text windows cost little, and every number of them is one more graph to
# capture: at least MIN_WINDOWS, or one for every STREAMS_PER_WINDOW streams.
MIN_WINDOWS = 4
STREAMS_PER_WINDOW = 16

# Text windows after a frame on a GPU, so that joining streams do not hold up running ones.
MAX_WINDOWS = 256

# A size runs in a larger one that is captured until it was wanted in so many steps, unless that one
# computes several times as much. FREE_ROWS rows take as long as one: weights are read, and kernels
# launched.
FEW_STEPS = 32
TIMES_AS_MUCH = 4
FREE_ROWS = 256

# A rebuilt cache holds a multiple of this many positions, so that few sizes are ever allocated.
CAPACITY_STEP = 256

# Text rows on a CPU are padded to a multiple of this many tokens, not to a whole window.
TOKEN_STEP = 8

# Eager attention reads caches in steps of this many positions.
LIMIT_STEP = 64


class StepSize(NamedTuple):
    """Slots of a frame and text windows after it; one of them may be zero."""

    streams: int
    windows: int


@dataclass(frozen=True)
class Buckets:
    """Sizes for up to `max_streams` streams and `max_windows` text windows.

    On CUDA they are few, since each pair is a graph of its own. With `fixed` there is one.
    """

    max_streams: int
    max_windows: int
    on_cuda: bool
    fixed: bool

    def streams(self, count: int) -> int:
        """The bucket of `count` slots; zero for zero."""
        return self._round(count, self.max_streams, HALFWAY_STREAMS)

    def text(self, count: int, bucket: int) -> int:
        """Rows for `count` text windows after a frame of `bucket` slots; zero for zero."""
        at_least = max(MIN_WINDOWS, bucket // STREAMS_PER_WINDOW) if self.on_cuda else 0
        return self._round(count and max(count, at_least), self.max_windows, HALFWAY_WINDOWS)

    def size(self, bucket: int, windows: int) -> StepSize:
        """A step of `bucket` slots and so many text windows."""
        return StepSize(bucket, self.text(windows, bucket))

    def tokens(self, longest: int, text_window: int) -> int:
        """The width of text rows whose longest window has `longest` tokens.

        On CUDA, where each width would be a graph of its own, that of every window.
        """
        if self.on_cuda or self.fixed:
            return text_window
        return min(_round_up(longest, TOKEN_STEP), text_window)

    def first(self) -> list[StepSize]:
        """The steps that one stream begins with: text, then frames with and without text."""
        rows, bucket = self.text(1, 0), self.streams(1)
        return [StepSize(0, rows), StepSize(bucket, 0), StepSize(bucket, self.text(1, bucket))]

    def every(self) -> Iterator[StepSize]:
        """Every pair of a bucket and text rows that can occur, the largest first."""
        buckets = {self.streams(count) for count in range(self.max_streams + 1)}
        for bucket in sorted(buckets, reverse=True):
            rows = {self.text(count, bucket) for count in range(self.max_windows + 1)}
            yield from (StepSize(bucket, n) for n in sorted(rows, reverse=True) if bucket or n)

    def _round(self, count: int, limit: int, halfway_from: int) -> int:
        """The size for `count`, up to `limit`."""
        if not count:
            return 0
        if self.fixed:
            return limit
        if not self.on_cuda:
            return min(count, limit)
        power = 1 << (count - 1).bit_length()
        halfway = power * 3 // 4
        return min(halfway if max(count, halfway_from) <= halfway else power, limit)


class SizeChoice:
    """Runs the few steps of a size in a larger one that is captured already.

    Streams that end one after the other come through every size, each for some steps, and to
    capture one takes as long as a hundred steps.

    Args:
        text_window: tokens of a text window.
    """

    def __init__(self, text_window: int) -> None:
        self._text_window = text_window
        self._wanted: Counter[StepSize] = Counter()

    def pick(self, wanted: StepSize, captured: Iterable[StepSize]) -> StepSize:
        """One of `captured` that is no smaller, or `wanted` if that pays."""
        self._wanted[wanted] += 1
        if self._wanted[wanted] > FEW_STEPS:
            return wanted
        limit = TIMES_AS_MUCH * self._cost(wanted)
        larger = [
            (cost, size)
            for size in captured
            if size.streams >= wanted.streams
            and size.windows >= wanted.windows
            and (cost := self._cost(size)) <= limit
        ]
        return min(larger)[1] if larger else wanted

    def _cost(self, size: StepSize) -> int:
        """About how long a step of `size` takes on a GPU, in rows of streams or of text."""
        return FREE_ROWS + size.streams + size.windows * self._text_window


@dataclass(frozen=True)
class CacheCapacity:
    """Positions that the caches of one slot hold, or that one stream needs."""

    tts: int
    text: int

    def holds(self, other: CacheCapacity) -> bool:
        """Whether a stream that needs `other` fits."""
        return other.tts <= self.tts and other.text <= self.text

    def enlarged(self, other: CacheCapacity) -> CacheCapacity:
        """The next size, in steps of CAPACITY_STEP, that is no smaller and holds `other`."""
        return CacheCapacity(
            max(self.tts, _round_up(other.tts, CAPACITY_STEP)),
            max(self.text, _round_up(other.text, CAPACITY_STEP)),
        )

    def doubled(self, other: CacheCapacity) -> CacheCapacity:
        """This size, each part doubled until it holds that of `other`."""
        tts, text = self.tts, self.text
        while tts < other.tts:
            tts *= 2
        while text < other.text:
            text *= 2
        return CacheCapacity(tts, text)


INITIAL_CAPACITY = CacheCapacity(tts=512, text=256)


@dataclass(frozen=True)
class AttentionLimit:
    """Positions of each cache that an eager step reads; kernels know every row's own length.

    The host knows the longest row, so no length is read back from the device.
    """

    tts: int
    text: int

    @classmethod
    def of(cls, longest: CacheCapacity, capacity: CacheCapacity) -> AttentionLimit:
        """The limit for rows up to `longest`, in steps of LIMIT_STEP, within `capacity`."""
        return cls(
            min(_round_up(longest.tts, LIMIT_STEP), capacity.tts),
            min(_round_up(longest.text, LIMIT_STEP), capacity.text),
        )


def _round_up(count: int, step: int) -> int:
    return -(-count // step) * step
