"""Sun AU: its header, and its big-endian samples."""

from __future__ import annotations

import struct

from vvcli.audio.output import Output
from vvcli.audio.pcm import S16LE, HeaderWriter, SampleFormat
from vvcli.audio.wav import UNKNOWN
from vvcli.samples import Samples

# With the four bytes of annotation that the format asks for: sox warns where they are missing.
AU_HEADER_SIZE = 28

_LINEAR_16 = 3


def _s16be(samples: Samples) -> bytes:
    import numpy as np

    return np.frombuffer(S16LE.encode(samples), "<i2").astype(">i2").tobytes()


S16BE = SampleFormat("s16be", 2, is_float=False, encode=_s16be)


def au_header(rate: int, data_size: int | None) -> bytes:
    """A mono header for `data_size` bytes of `S16BE`, or for a length not known (yet).

    A length that does not fit in 32 bits is written as unknown, which means until the end.
    """
    size = UNKNOWN if data_size is None else min(data_size, UNKNOWN)
    return struct.pack(">4sIIIII4x", b".snd", AU_HEADER_SIZE, size, _LINEAR_16, rate, 1)


def au_writer(output: Output, rate: int) -> HeaderWriter:
    """16-bit PCM in Sun AU."""
    return HeaderWriter(output, S16BE, lambda size: au_header(rate, size))
