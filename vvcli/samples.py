"""Samples as all parts of the program hand them on: their rate, types and full scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:  # help and mistakes answer without numpy
    import numpy as np
    from numpy.typing import NDArray

SampleType = Literal["float32", "int16"]

Samples: TypeAlias = "NDArray[np.float32 | np.int16]"
"""float32 of full scale 1, which may be beyond it; or int16, cut off there."""

SAMPLE_RATE = 24_000  # Hz, of all audio until it is resampled

MAX_CHUNK_SAMPLES = 10 * SAMPLE_RATE  # of what was held back and comes out together

FULL_SCALE = 32767  # of int16, for both signs: silence is zero, and the wave keeps its shape

INT16_RANGE = 32768  # divides int16 of any origin, whose lowest number is -32768: within -1 and 1


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """`samples` rounded, and cut off at full scale, as engines of int16 make them."""
    import numpy as np  # with the first samples: help and mistakes answer without it

    if samples.dtype == np.int16:
        return samples.view(np.int16)
    scaled = samples * np.float32(FULL_SCALE)
    np.clip(scaled, -FULL_SCALE, FULL_SCALE, out=scaled)
    return np.rint(scaled, out=scaled).astype(np.int16)


def count_clipped(samples: Samples) -> int:
    """Samples beyond full scale, which int16 cuts off; none of int16."""
    if isinstance(samples, memoryview):
        return 0
    import numpy as np

    if samples.dtype == np.int16:
        return 0
    return int(np.count_nonzero(np.abs(samples) > 1))
