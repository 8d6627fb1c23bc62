"""WAV, and the header of a file that may grow beyond 4 GiB (EBU Tech 3306)."""

from __future__ import annotations

import struct

from vvcli.audio.output import Output
from vvcli.audio.pcm import S16LE, HeaderWriter, SampleFormat
from vvcli.audio.wav import HEADER_SIZE, UNKNOWN, wav_header

# Of the ds64 chunk: three sizes of 64 bits and an empty table.
_DS64 = struct.Struct("<QQQI")
_RESERVED = 8 + _DS64.size

FILE_HEADER_SIZE = HEADER_SIZE + _RESERVED

# The greatest data whose RIFF size is below UNKNOWN, which no size may be.
MAX_RIFF_DATA = UNKNOWN - 1 - (FILE_HEADER_SIZE - 8)


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
