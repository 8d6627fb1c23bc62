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

FULL_SCALE = 32767  # of int16, for both signs: silence is zero, and the wave keeps its shape

INT16_RANGE = 32768  # divides int16 of any origin, whose lowest number is -32768: within -1 and 1
