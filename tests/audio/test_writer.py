from __future__ import annotations

import io
import wave
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vvcli.audio.au import AU_HEADER_SIZE
from vvcli.audio.output import Output
from vvcli.audio.pcm import S16LE, SILENCE_BLOCK, SampleFormat
from vvcli.audio.wav import FILE_HEADER_SIZE, HEADER_SIZE, file_header, wav_header
from vvcli.audio.writer import open_writer, sample_type

PCM = ["s16le", "f32le", "wav", "au"]
HEADERS = {"wav": HEADER_SIZE, "au": AU_HEADER_SIZE}


class Memory(Output):
    """An output that keeps every write."""

    def __init__(self, start: int | None = None) -> None:
        self._start = start
        self.writes: list[bytes] = []
        self.start = b""

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def rewrite(self, position: int, data: bytes) -> None:
        assert position == 0
        self.start = data


CHUNKS = st.lists(st.lists(st.floats(-2, 2, width=32), max_size=5), max_size=5)


@given(st.sampled_from(PCM), CHUNKS)
def test_each_write_is_whole_samples_at_once(name: str, chunks: list[list[float]]) -> None:
    memory = Memory()
    writer = open_writer(name, memory, 24000)
    for number, chunk in enumerate(chunks):
        samples = np.array(chunk, np.float32)
        before = sum(map(len, memory.writes))
        writer.write(samples)
        header = HEADERS.get(name, 0) if before == 0 and len(chunk) else 0
        width = 4 if name == "f32le" else 2
        assert sum(map(len, memory.writes)) == before + header + width * len(chunk), number
    flat = [sample for chunk in chunks for sample in chunk]
    assert writer.samples == len(flat)
    clipped = sum(1 for sample in flat if abs(sample) > 1)
    assert writer.clipped == (0 if name == "f32le" else clipped)


@pytest.mark.parametrize("name", PCM)
@pytest.mark.parametrize("count", [0, 1, SILENCE_BLOCK, 2 * SILENCE_BLOCK + 1])
def test_silence(name: str, count: int) -> None:
    memory = Memory()
    writer = open_writer(name, memory, 24000)
    writer.write(np.ones(1, np.float32))
    before = len(b"".join(memory.writes))
    writer.silence(count)
    width = 4 if name == "f32le" else 2
    assert b"".join(memory.writes)[before:] == bytes(width * count)
    assert writer.samples == 1 + count


@pytest.mark.parametrize(("start", "size"), [(0, FILE_HEADER_SIZE), (None, HEADER_SIZE)])
@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_a_finished_wav_can_be_read(chunks: int, start: int | None, size: int) -> None:
    memory = Memory(start)
    writer = open_writer("wav", memory, 24000)
    for _ in range(chunks):
        writer.write(np.full(10, 0.5, np.float32))
    writer.finish()
    content = b"".join(memory.writes)
    content = memory.start + content[len(memory.start) :]
    with wave.open(io.BytesIO(content)) as file:
        assert file.getnframes() == 10 * chunks
        assert file.readframes(100) == content[size:]


@pytest.mark.parametrize(("start", "header"), [(0, file_header), (None, wav_header)])
def test_the_length_is_unknown_until_the_end(
    start: int | None, header: Callable[[SampleFormat, int, int | None], bytes]
) -> None:
    memory = Memory(start)
    writer = open_writer("wav", memory, 24000)
    assert memory.writes == []
    writer.write(np.zeros(1, np.float32))
    assert memory.writes[0] == header(S16LE, 24000, None)
    writer.finish()
    assert memory.start == header(S16LE, 24000, 2)


@pytest.mark.parametrize("name", [name for name in PCM if sample_type(name, 48000) == "int16"])
def test_formats_of_16_bits_take_int16(name: str) -> None:
    samples = (0.9 * np.sin(np.arange(5000) / 20)).astype(np.float32)
    rounded = np.frombuffer(S16LE.encode(samples), "<i2").astype(np.int16)
    written = []
    for audio in (samples, rounded):
        memory = Memory()
        writer = open_writer(name, memory, 48000)
        writer.write(audio)
        writer.silence(10)
        writer.finish()
        written.append(b"".join(memory.writes))
    assert written[0] == written[1]


def test_a_format_that_is_resampled_or_not_of_16_bits_takes_float32() -> None:
    assert sample_type("s16le", 48000, 24000) == "float32"
    assert sample_type("f32le", 24000) == "float32"
    assert sample_type("wav", 24000, 24000) == "int16"
