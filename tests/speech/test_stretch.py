"""Laws of the stretcher: length, pitch, and a result that depends on the samples alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vvcli.samples import SAMPLE_RATE, Samples
from vvcli.speech.splice import FADE, MAX_LAG, NEEDED, STRIDE, find, terms_at
from vvcli.speech.stretch import Stretcher

speeds = st.one_of(st.sampled_from([0.5, 0.75, 1.25, 1.5, 2.0]), st.floats(0.5, 2.0))


def vowels(seconds: float, pitch: float = 110.0, seed: int = 0) -> Samples:
    """Harmonics of a gliding pitch under a slow envelope, and some noise."""
    random = np.random.default_rng(seed)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * (pitch * t + 2 * np.sin(2 * np.pi * 1.5 * t))
    wave = np.sum([np.sin(k * phase) / k for k in range(1, 12)], axis=0)
    wave *= 0.6 + 0.4 * np.sin(8 * t)
    return (0.15 * wave + 0.003 * random.standard_normal(len(t))).astype(np.float32)


def stretched(samples: Samples, speed: float, cuts: list[int] | None = None) -> Samples:
    stretcher = Stretcher(speed)
    pieces = np.split(samples, sorted(cuts or []))
    return np.concatenate([*map(stretcher.stretch, pieces), stretcher.finish()])


@settings(max_examples=30)
@given(
    length=st.integers(0, 12_000),
    speed=speeds,
    cuts=st.lists(st.integers(0, 12_000), max_size=8),
    whole=st.booleans(),
)
def test_the_length_is_exact_and_cuts_change_nothing(
    length: int, speed: float, cuts: list[int], whole: bool
) -> None:
    samples = vowels(0.5, seed=length)[:length]
    if whole:
        samples = (samples * 32767).astype(np.int16)
    made = stretched(samples, speed)
    assert len(made) == round(length / speed)
    assert made.dtype == samples.dtype
    again = stretched(samples, speed, [min(cut, length) for cut in cuts])
    assert made.tobytes() == again.tobytes()


@pytest.mark.parametrize("speed", [0.5, 0.51, 0.54, 0.58, 0.64])
def test_places_that_go_back_find_their_samples(speed: float) -> None:
    """Of clicks a piece is often one from before the last one's place."""
    for seed in range(3):
        clicks = np.random.default_rng(seed).random(20_000) < 0.001
        samples = clicks.astype(np.float32)
        made = stretched(samples, speed)
        assert len(made) == round(len(samples) / speed)
        again = stretched(samples, speed, list(range(0, len(samples), 1920)))
        assert made.tobytes() == again.tobytes()


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.5, 2.0])
def test_the_pitch_stays(speed: float) -> None:
    t = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    wave = np.sum([np.sin(2 * np.pi * 130 * k * t) / k for k in range(1, 8)], axis=0)
    made = stretched((0.2 * wave).astype(np.float32), speed)
    spectrum = np.abs(np.fft.rfft(made * np.hanning(len(made))))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(made) == pytest.approx(130, rel=0.01)


@pytest.mark.parametrize("speed", [0.6, 1.7])
def test_events_are_where_they_belong(speed: float) -> None:
    """A burst a second in comes 1 / speed seconds in."""
    samples = np.zeros(3 * SAMPLE_RATE, np.float32)
    samples[SAMPLE_RATE : SAMPLE_RATE + 2400] = vowels(0.1)
    loud = np.flatnonzero(np.abs(stretched(samples, speed)) > 0.02)
    assert loud[0] / SAMPLE_RATE == pytest.approx(1 / speed, abs=0.03)
    assert loud[-1] / SAMPLE_RATE == pytest.approx(1.1 / speed, abs=0.04)


@given(speeds.filter(lambda speed: speed != 1))
def test_splices_keep_pace(speed: float) -> None:
    """With the longest lag, more is moved than falls behind until the next splice."""
    terms = terms_at(speed)
    longest = terms.lags.max()
    assert longest >= terms.rate * (FADE + (longest if speed > 1 else 0))
    assert longest <= MAX_LAG


def test_what_is_repeated_at_once_is_short() -> None:
    """A longer piece of a steady vowel, said twice, is heard."""
    tone = np.round(3000 * np.sin(np.arange(STRIDE + NEEDED) * 2 * np.pi / 120))
    found = [find(tone, 1200.0, terms_at(speed)) for speed in (0.8, 1.5)]
    assert [splice and splice.lag // 120 for splice in found] == [2, 6]


def test_silence_stays_silent_and_samples_stay_in_range() -> None:
    assert not stretched(np.zeros(10_000, np.float32), 1.3).any()
    samples = np.resize(np.array([32767, -32767], np.int16), 9000)
    made = stretched(samples, 0.7)
    assert made.max() <= 32767
    assert made.min() >= -32767
    huge = np.full(9000, 1e6, np.float32)
    made = stretched(huge, 1.5)
    assert np.allclose(made[: -SAMPLE_RATE // 25], 1e6)  # it may be ahead at its end
    assert made.max() == pytest.approx(1e6)


def test_the_first_frame_is_not_waited_with() -> None:
    """Frames of 133 ms: the first one already sounds."""
    samples = vowels(1.0)
    for speed in (0.5, 1.5, 2.0):
        made = len(Stretcher(speed).stretch(samples[:3200]))
        assert made >= (3200 - 2400) / speed


def test_what_is_held_does_not_grow() -> None:
    stretcher = Stretcher(1.5)
    samples = vowels(1.0)
    for _ in range(4):
        stretcher.stretch(samples)
        assert len(stretcher._input) < 5000
