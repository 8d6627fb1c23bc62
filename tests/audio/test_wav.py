from __future__ import annotations

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.audio.pcm import F32LE, S16LE
from vvcli.audio.wav import HEADER_SIZE, UNKNOWN, wav_header


def sizes(header: bytes) -> tuple[int, int]:
    assert (header[:4], header[8:16], header[36:40]) == (b"RIFF", b"WAVEfmt ", b"data")
    return int.from_bytes(header[4:8], "little"), int.from_bytes(header[40:44], "little")


@given(st.binary(max_size=100).filter(lambda data: len(data) % 2 == 0))
def test_a_known_length_is_read_back(data: bytes) -> None:
    with wave.open(io.BytesIO(wav_header(S16LE, 24000, len(data)) + data)) as file:
        assert file.getparams()[:4] == (1, 2, 24000, len(data) // 2)
        assert file.readframes(1000) == data


@given(st.integers(0, UNKNOWN - HEADER_SIZE))
def test_every_length_that_fits_is_true(size: int) -> None:
    header = wav_header(S16LE, 24000, size)
    assert len(header) == HEADER_SIZE
    assert sizes(header) == (size + 36, size)


@pytest.mark.parametrize("size", [None, UNKNOWN - 36, UNKNOWN, UNKNOWN + 1, 1 << 33])
def test_an_unknown_or_too_great_length_means_until_the_end(size: int | None) -> None:
    assert sizes(wav_header(S16LE, 24000, size)) == (UNKNOWN, UNKNOWN)


def test_the_format_chunk_of_floats() -> None:
    header = wav_header(F32LE, 24000, 8)
    fields = [int.from_bytes(header[start : start + 2], "little") for start in (20, 22, 32, 34)]
    assert fields == [3, 1, 4, 32]  # IEEE float, mono, bytes a frame, bits a sample
    assert int.from_bytes(header[28:32], "little") == 4 * 24000
