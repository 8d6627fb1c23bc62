from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vvcli.audio.output import Output
from vvcli.audio.pcm import F32LE, S16LE, PcmWriter
from vvcli.audio.resample import ResamplingWriter, scale
from vvcli.samples import Samples

pytest.importorskip("soxr")

RATES = [8000, 11025, 12345, 16000, 22050, 44100, 48000, 192000]


class Memory(Output):
    """An output that keeps what is written."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


def resampled(pieces: list[Samples], rate: int, source: int = 24000) -> tuple[Samples, list[int]]:
    """The output of a writer, and its position after each piece."""
    memory = Memory()
    writer = ResamplingWriter(PcmWriter(memory, F32LE), source, rate)
    positions = []
    for piece in pieces:
        writer.write(piece)
        positions.append(writer.samples)
        assert len(memory.data) // 4 <= writer.samples + 1
    writer.finish()
    samples = np.frombuffer(memory.data, "<f4")
    assert writer.samples == len(samples)
    return samples, positions


def noise(count: int) -> Samples:
    return np.random.default_rng(count).uniform(-0.5, 0.5, count).astype(np.float32)


def cut(samples: Samples, places: list[int]) -> Iterator[Samples]:
    edges = [0, *sorted(min(place, len(samples)) for place in places), len(samples)]
    for start, end in pairwise(edges):
        yield samples[start:end]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 9000),
    st.sampled_from(RATES) | st.integers(1000, 192000),
    st.lists(st.integers(0, 9000), max_size=20),
)
def test_neither_content_nor_length_depends_on_the_chunks(
    count: int, rate: int, places: list[int]
) -> None:
    samples = noise(count)
    pieces = list(cut(samples, places))
    whole, _ = resampled([samples], rate)
    parts, positions = resampled(pieces, rate)
    assert len(whole) == round(count * rate / 24000)
    assert np.array_equal(whole, parts)
    ends = np.cumsum([len(piece) for piece in pieces])
    assert positions == [round(int(end) * rate / 24000) for end in ends]


@pytest.mark.parametrize("rate", RATES)
def test_a_click_stays_where_the_cue_says(rate: int) -> None:
    """What is at sample n of the input is at `scale(n)` of the output, within a sample."""
    gap, click = np.zeros(5003, np.float32), np.zeros(3001, np.float32)
    click[0] = 1
    samples, positions = resampled([gap, click, gap], rate)
    peak = int(np.argmax(np.abs(samples)))
    assert abs(peak - positions[0]) <= 1
    assert positions[0] == scale(5003, 24000, rate)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_a_tone_stays_the_tone(rate: int) -> None:
    def tone(at: int) -> Samples:
        return (np.sin(2 * np.pi * 440 * np.arange(at) / at) / 2).astype(np.float32)

    samples, _ = resampled([tone(24000)], rate)
    middle = slice(rate // 10, -rate // 10)
    assert np.abs(samples - tone(rate))[middle].max() < 1e-4


def test_silence_and_clipping_are_passed_on() -> None:
    memory = Memory()
    writer = ResamplingWriter(PcmWriter(memory, S16LE), 24000, 48000)
    writer.silence(1000)
    writer.write(np.full(1000, 1.5, np.float32))
    writer.finish()
    assert writer.samples == len(memory.data) // 2 == 4000
    assert 1990 < writer.clipped < 2010
    assert not any(memory.data[:1000])


def test_ties_go_to_the_even_sample() -> None:
    assert [scale(n, 48000, 24000) for n in (0, 1, 2, 3, 5)] == [0, 0, 1, 2, 2]
    assert scale(10**15 + 1, 24000, 44100) == (10**15 + 1) * 147 // 80 + 1
