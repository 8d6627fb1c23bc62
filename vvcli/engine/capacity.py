"""Positions of the two KV caches: how many a slot holds, and how many attention reads."""

from __future__ import annotations

from dataclasses import dataclass

# A rebuilt cache holds a multiple of this many positions, so that few sizes are ever allocated.
CAPACITY_STEP = 256

# Eager attention reads caches in steps of this many positions.
LIMIT_STEP = 64


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
