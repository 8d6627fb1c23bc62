from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.engine.conftest import MakeStream, run
from vvcli.audio.pcm import S16LE
from vvcli.engine.engine import Engine
from vvcli.engine.frames import EXTRA, FrameOutput
from vvcli.engine.stream import End
from vvcli.engine.transfer import PendingRows
from vvcli.model.vibevoice import VibeVoice
from vvcli.samples import Samples, SampleType, count_clipped

AUDIO = arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.integers(1, 30)),
    elements=st.floats(-4, 4, width=32, allow_subnormal=True),
)


@given(AUDIO, st.sampled_from([torch.float32, torch.bfloat16, torch.float64]))
def test_int16_is_what_the_16_bit_encoder_makes(audio: Samples, dtype: torch.dtype) -> None:
    of_model = torch.from_numpy(audio).to(dtype)
    output = FrameOutput.of(of_model, "int16")
    assert output.rows.dtype == torch.int16
    for row, samples in zip(output.rows.numpy(), of_model.float().numpy(), strict=True):
        assert row[:-EXTRA].astype("<i2").tobytes() == S16LE.encode(samples)
        assert row[-1] == count_clipped(samples)


@given(AUDIO)
def test_float32_is_as_it_was(audio: Samples) -> None:
    output = FrameOutput.of(torch.from_numpy(audio), "float32")
    assert np.array_equal(output.audio.numpy(), audio)
    assert not output.rows[:, -1].any()


@pytest.mark.parametrize("sample_type", ["float32", "int16"])
def test_ends_are_marked_beside_the_samples(sample_type: str) -> None:
    output = FrameOutput.of(torch.ones(3, 5), sample_type)  # type: ignore[arg-type]
    output.mark_ends(torch.tensor([True, False, True]))
    assert output.eos.tolist() == [True, False, True]
    assert (output.audio > 0).all()


@pytest.mark.parametrize("sample_type", ["float32", "int16"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), -3e38])
def test_a_row_that_is_not_finite_is_marked(
    sample_type: SampleType, dtype: torch.dtype, value: float
) -> None:
    audio = torch.zeros(3, 50, dtype=dtype)
    audio[0], audio[1, 7] = 100, value
    output = FrameOutput.of(audio, sample_type)
    output.mark_ends(torch.tensor([False, True, True]))
    assert output.broken.tolist() == [False, True, False]
    assert output.eos.tolist() == [False, True, True]


def test_what_float32_cannot_hold_is_not_finite() -> None:
    assert FrameOutput.of(
        torch.tensor([[1e300, 0.0]], dtype=torch.float64), "int16"
    ).broken.tolist() == [True]


@pytest.mark.slow
@pytest.mark.usefixtures("loud")
@pytest.mark.parametrize("in_flight", [0, 1])
def test_streams_of_int16_are_those_of_float32_rounded(
    model: VibeVoice, make_stream: MakeStream, monkeypatch: pytest.MonkeyPatch, in_flight: int
) -> None:
    texts = ["No.", "Yes.", "Tea."]
    exact, rounded = (
        Engine(model, slots=2, steps=5, sample_type=sample_type)
        for sample_type in ("float32", "int16")
    )
    # With results that come late a stream makes a frame after its last, which counts for nothing.
    exact._in_flight.depth = rounded._in_flight.depth = in_flight
    monkeypatch.setattr(PendingRows, "arrived", not in_flight)
    expected = run(exact, *[make_stream(n, text) for n, text in enumerate(texts)])
    found = run(rounded, *[make_stream(n, text) for n, text in enumerate(texts)])
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == np.int16
        assert S16LE.encode(one) == S16LE.encode(other)
    assert rounded.clipped == sum(map(count_clipped, expected)) > 0
    assert exact.clipped == 0


@pytest.mark.slow
@pytest.mark.parametrize("in_flight", [0, 1])
@pytest.mark.parametrize("sample_type", ["float32", "int16"])
def test_a_broken_stream_ends_and_leaves_the_others_as_they_are(
    model: VibeVoice,
    make_stream: MakeStream,
    monkeypatch: pytest.MonkeyPatch,
    sample_type: SampleType,
    in_flight: int,
) -> None:
    monkeypatch.setattr(PendingRows, "arrived", not in_flight)
    texts = ["No.", "Yes.", "Tea."]
    expected = run(
        Engine(model, slots=3, steps=5, sample_type=sample_type),
        *[make_stream(n, text) for n, text in enumerate(texts)],
    )
    engine = Engine(model, slots=3, steps=5, sample_type=sample_type)
    engine._in_flight.depth = in_flight
    streams = [make_stream(n, text) for n, text in enumerate(texts)]
    for stream in streams:
        engine.submit(stream)
    parts: dict[int, list[Samples]] = {0: [], 1: [], 2: []}
    ends: dict[int, End | None] = {}
    spoilt = False
    while engine.busy:
        for number, samples, end in [(f.stream.number, f.samples, f.end) for f in engine.step()]:
            assert number not in ends
            parts[number].append(samples)
            if end is not None:
                ends[number] = end
        if streams[1].frames >= 2 and not spoilt:
            spoilt = True
            assert streams[1].slot is not None
            engine.state.context[streams[1].slot].fill_(float("nan"))
    assert ends == {0: End.EOS, 1: End.BROKEN, 2: End.EOS}
    for number in (0, 2):
        assert np.array_equal(np.concatenate(parts[number]), expected[number])
    made = np.concatenate(parts[1])
    assert np.array_equal(made, expected[1][: len(made)])
