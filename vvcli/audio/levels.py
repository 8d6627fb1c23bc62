"""How loud files may be, without what it takes to measure them."""

from __future__ import annotations

MAX_TRUE_PEAK = -1.0  # dBFS
TOLERANCE = 0.05  # LU


def softer(path: object, loudness: float | None, target: float | None) -> str | None:
    """A sentence about a file that is softer than asked for; None where it is not."""
    if loudness is None or target is None or loudness > target - TOLERANCE:
        return None
    return (
        f"{path} is at {loudness:.1f} LUFS, not {target:g}: louder, its true peak would pass "
        f"{MAX_TRUE_PEAK:g} dBFS"
    )
