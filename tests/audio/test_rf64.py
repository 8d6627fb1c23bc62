"""WAV headers of files, below and beyond 4 GiB; the great ones have holes for audio."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audio.tools import needs, output_of
from vvcli.audio.output import Output
from vvcli.audio.output_file import open_output
from vvcli.audio.pcm import F32LE, S16LE
from vvcli.audio.wav import FILE_HEADER_SIZE, MAX_RIFF_DATA, UNKNOWN, file_header
from vvcli.audio.writer import open_writer

soundfile = pytest.importorskip("soundfile")

GREAT = 3 * 10**9  # samples of two bytes


def chunks(header: bytes) -> dict[bytes, tuple[int, bytes]]:
    """The chunks after WAVE: the size each gives, and what of it is in the header."""
    found, place = {}, 12
    while place < len(header):
        name, size = struct.unpack_from("<4sI", header, place)
        found[name] = (size, header[place + 8 : place + 8 + size])
        place += 8 + (size if name != b"data" else 0)
    assert place == len(header) == FILE_HEADER_SIZE
    return found


@given(st.integers(0, MAX_RIFF_DATA))
def test_below_4_gib_it_is_riff(size: int) -> None:
    header = file_header(S16LE, 24000, size)
    assert header[:12] == b"RIFF" + struct.pack("<I", size + 72) + b"WAVE"
    found = chunks(header)
    assert list(found) == [b"JUNK", b"fmt ", b"data"]
    assert found[b"JUNK"] == (28, bytes(28))
    assert found[b"data"] == (size, b"")


@given(st.integers(MAX_RIFF_DATA // 2 + 1, 1 << 50))
def test_beyond_it_is_rf64(samples: int) -> None:
    header = file_header(S16LE, 24000, 2 * samples)
    assert header[:12] == b"RF64\xff\xff\xff\xffWAVE"
    found = chunks(header)
    assert list(found) == [b"ds64", b"fmt ", b"data"]
    size, sizes = found[b"ds64"]
    assert size == 28
    assert struct.unpack("<QQQI", sizes) == (2 * samples + 72, 2 * samples, samples, 0)
    assert found[b"data"] == (UNKNOWN, b"")


def test_an_unknown_length_means_until_the_end() -> None:
    header = file_header(F32LE, 24000, None)
    assert header[:12] == b"RIFF\xff\xff\xff\xffWAVE"
    found = chunks(header)
    assert found[b"data"] == (UNKNOWN, b"")
    assert found[b"fmt "][1] == struct.pack("<HHIIHH", 3, 1, 24000, 96000, 4, 32)


@pytest.fixture(scope="module")
def great(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 6 GB with a second of a tone at its end."""
    path = tmp_path_factory.mktemp("great") / "great.wav"
    tone = (np.sin(np.arange(24000) / 10) / 2).astype(np.float32)
    with open_output(path) as output:
        writer = open_writer("wav", output, 24000)
        writer.write(tone)
        # The silence between, as a hole.
        os.lseek(output._descriptor, 2 * (GREAT - 48000), os.SEEK_CUR)
        writer.samples = GREAT - 24000
        writer.write(tone)
        writer.finish()
    assert path.stat().st_size == FILE_HEADER_SIZE + 2 * GREAT
    if path.stat().st_blocks * 512 > 1 << 20:
        pytest.skip("the file system makes no holes")
    return path


def test_soundfile_reads_beyond_4_gib(great: Path) -> None:
    with soundfile.SoundFile(great) as file:
        assert (file.format, file.samplerate, file.channels) == ("RF64", 24000, 1)
        assert file.frames == GREAT
        first = file.read(24000, dtype="int16")
        file.seek(GREAT - 24000)
        assert np.array_equal(file.read(dtype="int16"), first)
        assert first.any()


@needs("ffmpeg", "ffprobe")
def test_ffmpeg_reads_beyond_4_gib(great: Path) -> None:
    entries = ["-show_entries", "stream=sample_rate,channels,duration_ts", "-of", "csv=p=0"]
    told = output_of("ffprobe", "-v", "error", *entries, str(great))
    assert told.split() == [b"24000,1,%d" % GREAT]
    last = ["-ss", str(GREAT // 24000 - 1), "-i", str(great), "-f", "s16le", "-"]
    decoded = output_of("ffmpeg", "-v", "error", *last)
    with soundfile.SoundFile(great) as file:
        assert decoded == file.read(24000, dtype="int16").tobytes()


def test_appending_reserves_nothing_and_never_seeks(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"what was there")
    with Output(os.open(path, os.O_WRONLY | os.O_APPEND), "out") as output:
        writer = open_writer("wav", output, 24000)
        writer.write(np.zeros(3, np.float32))
        writer.finish()
    content = path.read_bytes()
    assert content.startswith(b"what was thereRIFF\xff\xff\xff\xffWAVEfmt ")
    assert content.endswith(b"data\xff\xff\xff\xff" + bytes(6))
