from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vvcli.audio.pcm import F32LE, S16LE
from vvcli.samples import Samples, count_clipped

SAMPLES = arrays(
    np.float32, st.integers(0, 50), elements=st.floats(-4, 4, width=32, allow_subnormal=True)
)


@given(SAMPLES)
def test_s16le_rounds_to_the_nearest_and_clips(samples: Samples) -> None:
    data = S16LE.encode(samples)
    assert len(data) == 2 * len(samples)
    decoded = np.frombuffer(data, "<i2")
    exact = np.clip(samples.astype(np.float64), -1, 1) * 32767
    assert (np.abs(decoded - exact) <= 0.5 + 1e-3).all()
    assert (np.sign(decoded) * np.sign(samples) >= 0).all()


@given(SAMPLES)
def test_both_signs_have_one_scale(samples: Samples) -> None:
    up, down = (np.frombuffer(S16LE.encode(s), "<i2") for s in (samples, -samples))
    assert np.array_equal(up, -down)


@given(SAMPLES)
def test_f32le_is_exact(samples: Samples) -> None:
    assert np.array_equal(np.frombuffer(F32LE.encode(samples), "<f4"), samples)


@given(SAMPLES)
def test_the_count_of_clipped_samples(samples: Samples) -> None:
    assert count_clipped(samples) == sum(1 for sample in samples.tolist() if abs(sample) > 1)


@pytest.mark.parametrize(
    ("sample", "value"),
    [(0, 0), (1, 32767), (-1, -32767), (7, 32767), (-7, -32767), (np.inf, 32767), (1e-5, 0)],
)
def test_s16le_values(sample: float, value: int) -> None:
    assert S16LE.encode(np.array([sample], np.float32)) == value.to_bytes(2, "little", signed=True)


@given(SAMPLES)
def test_int16_is_written_as_it_is(samples: Samples) -> None:
    rounded = np.frombuffer(S16LE.encode(samples), "<i2").astype(np.int16)
    assert S16LE.encode(rounded) == S16LE.encode(samples)
    assert count_clipped(rounded) == 0
