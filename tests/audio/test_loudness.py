"""Loudness and true peak, judged by pyloudnorm and by ffmpeg's ebur128."""

from __future__ import annotations

import math
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.tools import needs
from vvcli.audio.levels import MAX_TRUE_PEAK, softer
from vvcli.audio.loudness import Loudness, LoudnessMeter
from vvcli.audio.loudness_writer import LoudnessWriter
from vvcli.audio.output_file import open_output
from vvcli.audio.writer import open_writer
from vvcli.errors import OutputError
from vvcli.samples import Samples

# Rate, seconds, level, seconds of silence in the middle. At 8 kHz ffmpeg and pyloudnorm differ by
# 0.25 LU: the shelf of the latter is another.
FILES = [
    (24_000, 6.0, 0.05, 0.0),
    (24_000, 3.0, 0.5, 0.0),
    (24_000, 12.0, 0.02, 5.0),
    (48_000, 4.0, 0.1, 1.0),
    (44_100, 4.0, 0.3, 0.0),
    (22_050, 5.0, 0.08, 2.0),
    (16_000, 5.0, 0.2, 0.0),
    (11_025, 5.0, 0.1, 1.0),
    (32_000, 5.0, 0.15, 0.0),
    (24_000, 1.0, 0.25, 0.0),
]


def words(rate: int, seconds: float, level: float, pause: float = 0.0, seed: int = 0) -> Samples:
    """A voice of sorts: harmonics in syllables, with noise."""
    random = np.random.default_rng(seed)
    t = np.arange(round(rate * seconds)) / rate
    harmonics = [k for k in range(1, 20) if 140 * k < 0.45 * rate]
    wave = np.sum([np.sin(2 * np.pi * 140 * k * t + k) / k for k in harmonics], axis=0)
    wave = wave * np.abs(np.sin(2 * np.pi * 2 * t)) + 0.2 * random.standard_normal(len(t))
    middle = np.abs(t - seconds / 2) < pause / 2
    return (level * np.where(middle, 0.0, wave)).astype(np.float32)


def measured(samples: Samples, rate: int, block: int = 3200) -> Loudness:
    meter = LoudnessMeter(rate)
    for start in range(0, len(samples), block):
        meter.add(samples[start : start + block])
    return meter.finish()


def write(path: Path, samples: Samples, rate: int, loudness: float | None = None) -> LoudnessWriter:
    """A WAV file, at a loudness if one is given."""
    target = open_output(path)
    with target:
        writer = open_writer("wav", target, rate)
        leveller = LoudnessWriter(writer, rate, loudness or 0.0, path.parent)
        for start in range(0, len(samples), 3200):
            (writer if loudness is None else leveller).write(samples[start : start + 3200])
        (writer if loudness is None else leveller).finish()
    return leveller


def by_ffmpeg(path: Path) -> tuple[float, float]:
    """LUFS and true peak in dBFS."""
    command = ["ffmpeg", "-nostats", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = said[said.rindex("Summary") :]
    loudness = re.search(r"I:\s+(\S+) LUFS", summary)
    peak = re.search(r"Peak:\s+(\S+) dBFS", summary)
    assert loudness
    assert peak
    return float(loudness[1]), float(peak[1])


def test_a_sine_of_full_scale_is_at_its_loudness() -> None:
    """The value that the standard gives: 997 Hz in one channel, -3.01 LUFS."""
    for rate in (24_000, 48_000):
        t = np.arange(3 * rate) / rate
        found = measured(np.sin(2 * np.pi * 997 * t).astype(np.float32), rate)
        assert found.lufs == pytest.approx(-3.01, abs=0.05)
        assert found.true_peak == pytest.approx(0.0, abs=0.2)


def test_a_peak_between_samples_is_found() -> None:
    """A quarter of the rate, 45 degrees off: samples are 3 dB below the wave."""
    t = np.arange(24_000)
    found = measured(np.sin(np.pi / 2 * t + np.pi / 4).astype(np.float32), 24_000)
    assert found.true_peak == pytest.approx(0.0, abs=0.3)


@needs("ffmpeg")
@pytest.mark.slow
@pytest.mark.parametrize("case", FILES)
def test_other_meters_agree_on_levelled_files(
    case: tuple[int, float, float, float], tmp_path: Path
) -> None:
    pyloudnorm = pytest.importorskip("pyloudnorm", reason="it judges what is measured here")
    soundfile = pytest.importorskip("soundfile")
    rate, seconds, level, pause = case
    samples = words(rate, seconds, level, pause)
    written = write(tmp_path / "a.wav", samples, rate, -16.0)
    lufs, peak = by_ffmpeg(tmp_path / "a.wav")
    assert written.loudness is not None
    assert lufs == pytest.approx(written.loudness, abs=0.2)
    assert peak <= MAX_TRUE_PEAK
    assert softer("a", written.loudness, -16.0) or lufs == pytest.approx(-16, abs=0.2)
    heard, _ = soundfile.read(tmp_path / "a.wav")
    judged = pyloudnorm.Meter(rate).integrated_loudness(heard)
    assert judged == pytest.approx(written.loudness, abs=0.2)


@pytest.mark.slow
@settings(max_examples=25)
@given(length=st.integers(0, 30_000), cuts=st.lists(st.integers(1, 9000), min_size=1, max_size=6))
def test_the_cuts_change_nothing(length: int, cuts: list[int]) -> None:
    samples = words(24_000, 1.25, 0.1, seed=length)[:length]
    meter, start, turn = LoudnessMeter(24_000), 0, 0
    while start < length:
        meter.add(samples[start : start + cuts[turn % len(cuts)]])
        start, turn = start + cuts[turn % len(cuts)], turn + 1
    assert meter.finish() == measured(samples, 24_000, max(1, length))


def test_the_gain_stops_at_the_true_peak(tmp_path: Path) -> None:
    quiet = words(24_000, 3.0, 0.01)
    quiet[30_000] = 0.5  # a click
    written = write(tmp_path / "a.wav", quiet, 24_000, -16.0)
    said = softer("a.wav", written.loudness, -16.0)
    assert said is not None
    assert re.fullmatch(r"a.wav is at -\S+ LUFS, not -16: louder, its true peak .* -1 dBFS", said)
    assert written.measured is not None
    assert written.measured.true_peak + written.gain <= MAX_TRUE_PEAK
    assert written.clipped == 0


def test_silence_and_what_is_too_short_for_a_block(tmp_path: Path) -> None:
    assert measured(np.zeros(50_000, np.float32), 24_000) == Loudness(-math.inf, -math.inf)
    assert measured(np.zeros(0, np.float32), 24_000).gain(-16) == 0
    silent = write(tmp_path / "a.wav", np.zeros(9_000, np.float32), 24_000, -16.0)
    assert (silent.gain, silent.loudness) == (0.0, None)
    assert softer("a.wav", None, -16.0) is None
    short = measured(words(24_000, 0.3, 0.1), 24_000)
    assert short.lufs == pytest.approx(measured(words(24_000, 3.0, 0.1), 24_000).lufs, abs=1.5)


def test_the_length_stays_and_the_wave_is_scaled(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    samples = words(24_000, 2.0, 0.05)
    written = write(tmp_path / "a.wav", (samples * 32767).astype(np.int16), 24_000, -20.0)
    heard, rate = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert (len(heard), rate, written.samples) == (len(samples), 24_000, len(samples))
    assert np.allclose(heard, samples * 10 ** (written.gain / 20), atol=2e-4)
    assert {path.name for path in tmp_path.iterdir()} == {"a.wav"}


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    writer = open_writer("wav", open_output(tmp_path / "a.wav"), 24_000)
    with pytest.raises(OutputError, match=r"cannot stage audio in .*gone: No such file"):
        LoudnessWriter(writer, 24_000, -16.0, tmp_path / "gone")


def test_memory_does_not_grow_with_the_audio() -> None:
    """A tenth of a second is eight bytes; nothing else is kept."""
    meter = LoudnessMeter(24_000)
    minute = words(24_000, 5.0, 0.1)
    for _ in range(4):
        meter.add(minute)
    assert len(meter._energies) <= 201
    assert len(meter._waiting) < meter._size
