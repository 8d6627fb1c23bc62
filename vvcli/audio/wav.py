"""The WAV header, before and after the length is known."""

from __future__ import annotations

import struct

from vvcli.audio.pcm import SampleFormat

# What a reader takes as "until the end": 0 makes sox, libsndfile and aplay play nothing, and
# 7FFFF000 stops ffmpeg and aplay at 2 GiB.
UNKNOWN = 0xFFFFFFFF

HEADER_SIZE = 44


def wav_header(sample_format: SampleFormat, rate: int, data_size: int | None) -> bytes:
    """A mono header for `data_size` bytes of 16-bit PCM, or for a length not known (yet).

    A length that does not fit in 32 bits is written as unknown.
    """
    fits = data_size is not None and data_size + HEADER_SIZE - 8 < UNKNOWN
    data, riff = (
        (data_size, data_size + HEADER_SIZE - 8)
        if fits and data_size is not None
        else (
            UNKNOWN,
            UNKNOWN,
        )
    )
    width = sample_format.width
    kind = 3 if sample_format.is_float else 1
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", riff, b"WAVE"),
        *(b"fmt ", 16, kind, 1, rate, rate * width, width, 8 * width),
        *(b"data", data),
    )
