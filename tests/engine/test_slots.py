"""What a slot's stream sounds like depends on nothing but the stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.engine.conftest import Alone, MakeStream, run, shortened, spoil
from tests.rounding import same_audio
from vvcli.engine import engine as engine_module
from vvcli.engine.engine import Engine
from vvcli.engine.sizes import CacheCapacity
from vvcli.engine.slots import group_by_prefill
from vvcli.engine.stream import End, Stream
from vvcli.engine.transfer import PendingRows
from vvcli.model.vibevoice import VibeVoice

pytestmark = pytest.mark.numeric

LONG = "The quick brown fox jumps over the lazy dog, and forty two birds were watching."
TEXTS = ["Hello there.", LONG, "Yes.", "Thousands of dolphins.", "Who? Me.", "Tea at five."]


@pytest.mark.slow
@pytest.mark.parametrize("end", [End.EOS, End.TRUNCATED, End.CANCELLED])
def test_the_next_stream_of_a_slot_is_not_touched_by_its_last(
    model: VibeVoice, make_stream: MakeStream, alone: Alone, end: End
) -> None:
    first = make_stream(0, LONG, voice="Ben", guidance=3.0)
    # In a context of 60 positions the long text is cut short; the next one is not.
    used = Engine(shortened(model, 60) if end is End.TRUNCATED else model, slots=1, steps=5)
    used.submit(first)
    while used.running or used.waiting:
        used.step()
        if end is End.CANCELLED and first.frames == 3:
            used.cancel(first)
    assert first.end is end
    spoil(used)
    [again] = run(used, make_stream(1, "Yes."))
    assert np.isfinite(again).all()
    assert same_audio(again, alone(1, "Yes."))


@pytest.mark.slow
def test_idle_slots_full_of_nan_do_not_reach_running_ones(
    model: VibeVoice, make_stream: MakeStream, alone: Alone
) -> None:
    engine = Engine(model, slots=4, steps=5)
    spoil(engine)
    short = [make_stream(n, text) for n, text in ((1, "Yes."), (2, "No."), (3, "Tea."))]
    stream = make_stream(0, LONG)
    for item in (*short, stream):  # the long one ends up in the highest slot
        engine.submit(item)
    parts = []
    while engine.running or engine.waiting:
        parts += [frame.samples for frame in engine.step() if frame.stream is stream]
        spoil(engine, keep={slot for slot in range(4) if bool(engine.state.active[slot])})
    assert same_audio(np.concatenate(parts), alone(0, LONG))


@pytest.mark.slow
def test_neighbours_slot_voice_and_guidance_do_not_change_a_stream(
    model: VibeVoice, make_stream: MakeStream, alone: Alone
) -> None:
    def each(make: Callable[..., Any]) -> list[Any]:
        return [
            make(n, text, voice=("Ada", "Ben")[n % 2], seed=n, guidance=1.0 + 0.3 * n)
            for n, text in enumerate(TEXTS)
        ]

    expected = each(alone)
    assert len({len(audio) for audio in expected}) > 2
    for slots in (2, 3, 8):
        together = run(Engine(model, slots=slots, steps=5), *each(make_stream))
        for one, other in zip(expected, together, strict=True):
            assert same_audio(other, one)


def test_growing_caches_in_mid_stream_changes_nothing(
    model: VibeVoice, make_stream: MakeStream, alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "INITIAL_CAPACITY", CacheCapacity(tts=32, text=16))
    engine = Engine(model, slots=2, steps=5)
    grown = run(engine, make_stream(0, LONG), make_stream(1, LONG))
    assert engine.state.capacity.tts > 32
    assert engine.state.capacity.text > 16
    for number, audio in enumerate(grown):
        assert same_audio(audio, alone(number, LONG))


@pytest.mark.slow
def test_a_moved_stream_goes_on_as_if_it_had_not_moved(
    model: VibeVoice, make_stream: MakeStream, alone: Alone
) -> None:
    engine = Engine(model, slots=4, steps=5)
    short = [make_stream(n, "Yes.", seed=0) for n in (1, 3, 5)]
    [*_, moved] = run(engine, *short, make_stream(6, LONG, voice="Ben", seed=0))
    assert same_audio(moved, alone(6, LONG, voice="Ben", seed=0))
    assert not engine.state.active.any()
    frames = len(moved) // model.config.decoder.hop
    assert frames > max(stream.frames for stream in short)
    assert int(engine.state.frame[0]) == frames, "it was not moved"


@pytest.mark.slow
def test_results_that_come_a_step_late_are_the_same_results(
    model: VibeVoice, make_stream: MakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, where the next step is planned before a stream is known to have ended."""

    def speak(in_flight: int) -> tuple[list[Stream], list[np.ndarray]]:
        engine = Engine(shortened(model, 60), slots=2, steps=5)
        engine._in_flight.depth = in_flight
        streams = [make_stream(n, text) for n, text in enumerate(TEXTS)]
        streams.append(make_stream(9, LONG, voice="Ben"))
        audio = run(engine, *streams)
        assert not engine.busy
        return streams, audio

    streams, expected = speak(0)
    monkeypatch.setattr(PendingRows, "arrived", False)
    late_streams, late = speak(1)
    assert {stream.end for stream in streams} == {End.EOS, End.TRUNCATED}
    assert [stream.end for stream in late_streams] == [stream.end for stream in streams]
    surplus = [b.frames - a.frames for a, b in zip(streams, late_streams, strict=True)]
    assert set(surplus) == {0, 1}, "a frame after the last one is made, and dropped"
    for one, other in zip(expected, late, strict=True):
        assert same_audio(other, one)


# 31 positions of the voice, then windows of 5 tokens and 6 frames: 42, 53, then 5 tokens and 3
# frames of which the last one does not fit in 60 any more. In 57 the 5 tokens do not.
@pytest.mark.slow
@pytest.mark.parametrize(("context", "frames"), [(60, 6 + 6 + 3), (58, 6 + 6 + 1), (57, 6 + 6)])
@pytest.mark.parametrize("in_flight", [0, 1])
def test_truncation_is_where_the_reference_stops(
    model: VibeVoice, make_stream: MakeStream, alone: Alone, monkeypatch: pytest.MonkeyPatch,
    context: int, frames: int, in_flight: int,
) -> None:  # fmt: skip
    """The frame that overruns the context is made, a window is not. Results may come late."""
    stream = make_stream(0, LONG, voice="Ben")
    engine = Engine(shortened(model, context), slots=1, steps=5)
    engine._in_flight.depth = in_flight
    monkeypatch.setattr(PendingRows, "arrived", not in_flight)
    [audio] = run(engine, stream)
    assert stream.end is End.TRUNCATED
    assert len(audio) == frames * model.config.decoder.hop
    assert same_audio(audio, alone(0, LONG, voice="Ben")[: len(audio)])


def test_all_state_is_written_in_place(model: VibeVoice, make_stream: MakeStream) -> None:
    """A captured graph keeps reading and writing the addresses of its capture."""
    engine = Engine(model, slots=2, steps=5)
    tensors = {name: value.data_ptr() for name, value in vars(engine.state).items()}
    run(engine, make_stream(0, LONG), make_stream(1, "Yes."))
    assert {name: value.data_ptr() for name, value in vars(engine.state).items()} == tensors
    assert all(isinstance(value, torch.Tensor) for value in vars(engine.state).values())


@torch.inference_mode()
def test_streams_that_start_alike_are_loaded_together(
    model: VibeVoice, make_stream: MakeStream
) -> None:
    def stream(number: int, voice: str = "Ada", guidance: float = 1.5) -> Stream:
        return make_stream(number, "Yes.", voice=voice, guidance=guidance)

    streams = [stream(0), stream(1), stream(2, "Ben"), stream(3, "Ben"), stream(4, guidance=2.0)]
    admitted = list(zip((0, 1, 2, 4, 5), streams, strict=True))
    groups = group_by_prefill(admitted)
    assert [(slot, first.number, count) for slot, first, count in groups] == [
        (0, 0, 2), (2, 2, 1), (4, 3, 1), (5, 4, 1),
    ]  # fmt: skip
    together, one_by_one = (Engine(model, slots=6, steps=5) for _ in range(2))
    for engine in (together, one_by_one):
        spoil(engine)
    for slot, first, count in groups:
        together.state.load(slot, first, count)
    for slot, one in admitted:
        one_by_one.state.load(slot, one)
    for name, value in vars(one_by_one.state).items():
        assert torch.equal(getattr(together.state, name).nan_to_num(7), value.nan_to_num(7)), name
