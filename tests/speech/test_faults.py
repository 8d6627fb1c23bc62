"""Made-up broken speech of each kind, and sound speech of many lengths and levels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vvcli.engine.stream import End
from vvcli.samples import SAMPLE_RATE, Samples
from vvcli.speech.faults import Fault, Verdict, expected_samples, judge

TOKENS, HOP, RATE = 40, 1920, 1.1  # the embedded model's
LEAST, LONGEST = expected_samples(TOKENS, RATE, HOP)


def speech(seconds: float, level: float = 0.2) -> Samples:
    """Syllables at `level`, with 80 ms of quiet before and 150 ms after them."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    wave = level * np.sin(2 * np.pi * 150 * t) * np.abs(np.sin(2 * np.pi * 2.3 * t))
    wave[: SAMPLE_RATE // 12] = 0
    wave[-3600:] = 0
    return wave.astype(np.float32)


def verdict(samples: Samples, end: End = End.EOS) -> Verdict:
    return judge(samples, end, LEAST, LONGEST)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("seconds", "level"), [(2.3, 0.2), (1.5, 0.05), (4.0, 0.9), (2.3, 0.02)])
def test_sound_speech(seconds: float, level: float, whole: bool) -> None:
    samples = speech(seconds, level)
    if whole:
        samples = (samples * 32767).astype(np.int16)
    assert verdict(samples) == Verdict(None, 0.0)


def with_nan() -> Samples:
    samples = speech(2.3)
    samples[100] = np.nan
    return samples


def with_a_hole() -> Samples:
    return np.concatenate([speech(1.0), np.zeros(3 * SAMPLE_RATE, np.float32), speech(1.0)])


def one_ended_amid_a_word() -> Samples:
    return speech(2.3)[: round(1.85 * SAMPLE_RATE)]


BROKEN = {
    "runs on": (speech(8.0), Fault.RUNS_ON),
    "cut to a word": (speech(0.6), Fault.CUT_SHORT),
    "no samples": (speech(0.0), Fault.SILENT),
    "cut amid a word": (one_ended_amid_a_word(), Fault.CUT_SHORT),
    "silent": (np.zeros(2 * SAMPLE_RATE, np.float32), Fault.SILENT),
    "too soft": (speech(2.3, 0.002), Fault.SILENT),
    "a hole": (with_a_hole(), Fault.SILENT),
    "clipped": (speech(2.3, 1.5), Fault.CLIPPED),
    "clipped integers": (
        (speech(2.3, 1.5).clip(-1, 1) * 32767).astype(np.int16),
        Fault.CLIPPED,
    ),
    "not a number": (with_nan(), Fault.NOT_FINITE),
    "infinite": (np.full(9000, np.inf, np.float32), Fault.NOT_FINITE),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_speech_of_each_kind(kind: str) -> None:
    samples, fault = BROKEN[kind]
    found = verdict(samples)
    assert found.fault is fault
    assert found.badness > 0


def test_what_the_engine_says_counts() -> None:
    assert verdict(speech(2.3), End.BROKEN) == Verdict(Fault.NOT_FINITE, math.inf)
    assert verdict(speech(2.3), End.TRUNCATED).fault is Fault.CUT_SHORT


def test_worse_is_worse() -> None:
    sound, little, much = verdict(speech(2.3)), verdict(speech(6.5)), verdict(speech(20.0))
    assert sound.badness < little.badness < much.badness < verdict(with_nan()).badness
    assert verdict(speech(2.3, 1.5)).badness < little.badness


@settings(max_examples=40)
@given(tokens=st.integers(5, 400), share=st.floats(0.4, 1.0), level=st.floats(0.02, 0.95))
def test_speech_of_the_length_of_its_text_is_sound(tokens: int, share: float, level: float) -> None:
    """From 0.4 to 1 of the frames that its tokens may take, and half a second."""
    seconds = 0.5 + share * tokens * RATE * HOP / SAMPLE_RATE
    expected = expected_samples(tokens, RATE, HOP)
    assert judge(speech(seconds, level), End.EOS, *expected).fault is None
