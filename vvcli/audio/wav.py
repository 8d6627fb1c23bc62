"""WAV: the header of a stream, and that of a file that may grow beyond 4 GiB (EBU Tech 3306)."""

from __future__ import annotations

import struct

from vvcli.audio.output import Output
from vvcli.audio.pcm import S16LE, HeaderWriter, SampleFormat

# What a reader takes as "until the end": 0 makes sox, libsndfile and aplay play nothing, and
# 7FFFF000 stops ffmpeg and aplay at 2 GiB.
UNKNOWN = 0xFFFFFFFF

HEADER_SIZE = 44

# Of the ds64 chunk: three sizes of 64 bits and an empty table.
_DS64 = struct.Struct("<QQQI")
_RESERVED = 8 + _DS64.size

FILE_HEADER_SIZE = HEADER_SIZE + _RESERVED

# The greatest data whose RIFF size is below UNKNOWN, which no size may be.
MAX_RIFF_DATA = UNKNOWN - 1 - (FILE_HEADER_SIZE - 8)


def wav_header(sample_format: SampleFormat, rate: int, data_size: int | None) -> bytes:
    """A mono header for `data_size` bytes of 16-bit PCM, or for a length not known (yet).

    A length that does not fit in 32 bits is written as unknown.
    """
    fits = data_size is not None and data_size + HEADER_SIZE - 8 < UNKNOWN
    data = data_size if fits and data_size is not None else UNKNOWN
    riff = data + HEADER_SIZE - 8 if fits else UNKNOWN
    width = sample_format.width
    kind = 3 if sample_format.is_float else 1
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", riff, b"WAVE"),
        *(b"fmt ", 16, kind, 1, rate, rate * width, width, 8 * width),
        *(b"data", data),
    )


def file_header(sample_format: SampleFormat, rate: int, data_size: int | None) -> bytes:
    """A mono WAV header of `FILE_HEADER_SIZE` bytes for a file that can be patched.

    It reserves the room of a ds64 chunk, as a JUNK chunk that readers skip; data beyond 4 GiB
    makes it RF64, with the sizes there. `data_size` is a whole number of samples of an even
    width, so that no pad byte is needed; None: not known yet.
    """
    plain = wav_header(sample_format, rate, data_size)
    fmt_and_data = plain[12:-4]
    if data_size is None or data_size <= MAX_RIFF_DATA:
        riff, data = (
            (UNKNOWN, UNKNOWN)
            if data_size is None
            else (data_size + FILE_HEADER_SIZE - 8, data_size)
        )
        first, kind, reserved = b"RIFF", b"JUNK", bytes(_DS64.size)
    else:
        riff, data = UNKNOWN, UNKNOWN
        first, kind = b"RF64", b"ds64"
        sizes = (data_size + FILE_HEADER_SIZE - 8, data_size, data_size // sample_format.width)
        reserved = _DS64.pack(*sizes, 0)
    return (
        struct.pack("<4sI4s", first, riff, b"WAVE")
        + struct.pack("<4sI", kind, _DS64.size)
        + reserved
        + fmt_and_data
        + struct.pack("<I", data)
    )


def wav_writer(output: Output, rate: int) -> HeaderWriter:
    """16-bit PCM in WAV, which becomes RF64 beyond 4 GiB where the output can seek."""
    header = file_header if output.seekable else wav_header
    return HeaderWriter(output, S16LE, lambda size: header(S16LE, rate, size))
