"""Float samples as PCM bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vvcli.samples import FULL_SCALE, Samples


@dataclass(frozen=True)
class SampleFormat:
    """An encoding of single samples."""

    name: str
    width: int  # bytes
    is_float: bool
    encode: Callable[[Samples], bytes]


def _s16le(samples: Samples) -> bytes:
    import numpy as np  # with the first samples: help and mistakes answer without it

    if samples.dtype == np.int16:
        return samples.astype("<i2", copy=False).tobytes()
    scaled = samples * np.float32(FULL_SCALE)
    np.clip(scaled, -FULL_SCALE, FULL_SCALE, out=scaled)
    return np.rint(scaled, out=scaled).astype("<i2").tobytes()


def _f32le(samples: Samples) -> bytes:
    return samples.astype("<f4").tobytes()


S16LE = SampleFormat("s16le", 2, is_float=False, encode=_s16le)
F32LE = SampleFormat("f32le", 4, is_float=True, encode=_f32le)


def count_clipped(samples: Samples) -> int:
    """Samples beyond full scale, which 16-bit PCM cuts off; none of int16."""
    import numpy as np

    if samples.dtype == np.int16:
        return 0
    return int(np.count_nonzero(np.abs(samples) > 1))
