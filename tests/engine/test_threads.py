"""Streams that are shared out to threads sound as they do on one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Event, current_thread

import pytest
from torch import Tensor

from tests.engine.conftest import Alone, MakeStream, run
from tests.rounding import same_audio
from vvcli.engine.backends.plain import plain_backend
from vvcli.engine.engine import Engine
from vvcli.engine.threads import set_step_threads, step_threads
from vvcli.model.acoustic_decoder import AcousticDecoder
from vvcli.model.transformer import CacheView
from vvcli.model.vibevoice import VibeVoice

TEXTS = ["Hello there.", "Yes.", "Thousands of dolphins.", "Who? Me.", "Tea at five."]


@pytest.fixture(params=[2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = step_threads()
    set_step_threads(request.param)
    yield request.param
    set_step_threads(before)


@pytest.mark.slow
@pytest.mark.numeric
@pytest.mark.parametrize("slots", [1, 2, 4])
def test_streams_sound_the_same_on_several_threads(
    model: VibeVoice, make_stream: MakeStream, alone: Alone, threads: int, slots: int
) -> None:
    streams = [make_stream(n, text, guidance=1 + n % 2) for n, text in enumerate(TEXTS)]
    found = run(Engine(model, slots=slots, steps=5), *streams)
    set_step_threads(1)
    for number, audio in enumerate(found):
        assert same_audio(audio, alone(number, TEXTS[number], guidance=1 + number % 2))


def decoding_threads(
    model: VibeVoice, make_stream: MakeStream, monkeypatch: pytest.MonkeyPatch, streams: int
) -> set[str]:
    """Names of the threads that decode frames of so many streams."""
    names = set()
    advance = AcousticDecoder.advance

    def watch(self: AcousticDecoder, *args: Tensor) -> Tensor:
        names.add(current_thread().name)
        return advance(self, *args)

    monkeypatch.setattr(AcousticDecoder, "advance", watch)
    engine = Engine(model, slots=streams, steps=5)
    run(engine, *(make_stream(number, "Yes.") for number in range(streams)))
    return names


def test_every_thread_has_its_share(
    model: VibeVoice, make_stream: MakeStream, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    names = decoding_threads(model, make_stream, monkeypatch, 4)
    assert len(names - {"MainThread"}) == threads - 1
    assert "MainThread" in names


def test_a_stream_alone_has_its_decoder_beside_the_rest(
    model: VibeVoice, make_stream: MakeStream, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    names = decoding_threads(model, make_stream, monkeypatch, 1)
    assert len(names) == 1
    assert "MainThread" not in names


def test_text_of_a_stream_that_begins_is_read_beside_the_frames_of_others(
    model: VibeVoice, make_stream: MakeStream, threads: int
) -> None:
    real, texts = plain_backend(model), 0
    second = Event()

    def text_lm(x: Tensor, cache: CacheView) -> Tensor:
        nonlocal texts
        texts += 1
        if texts == 2:
            second.set()
        return real.text_lm(x, cache)

    def decode(*arguments: Tensor) -> Tensor:
        assert second.wait(60), "the first frame came before the second text"
        return real.decode(*arguments)

    backend = replace(real, text_lm=text_lm, decode=decode)
    engine = Engine(model, backend, slots=2, steps=5)
    found = run(engine, *(make_stream(number, "Yes.") for number in range(2)))
    assert all(map(len, found))


@pytest.mark.parametrize("streams", [1, 2])
def test_an_error_of_a_thread_is_raised(
    model: VibeVoice, make_stream: MakeStream, threads: int, streams: int
) -> None:
    def fail(*_: object) -> Tensor:
        if current_thread().name == "MainThread":
            return real.decode(*_)  # type: ignore[arg-type]
        raise MemoryError("no more of it")

    real = plain_backend(model)
    backend = replace(real, decode=fail)
    engine = Engine(model, backend, slots=streams, steps=5)
    with pytest.raises(MemoryError, match="no more of it"):
        run(engine, *(make_stream(number, "Yes.") for number in range(streams)))
