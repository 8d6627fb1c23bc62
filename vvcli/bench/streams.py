"""Streams for an engine, as a synthesizer makes them of a text."""

from __future__ import annotations

import time
from collections.abc import Sequence

from vvcli.engine.engine import Engine
from vvcli.engine.stream import NoiseSource, Stream, StreamFrame
from vvcli.errors import UsageError
from vvcli.speech.loaded_model import LoadedModel
from vvcli.speech.long_lived import spare_long_lived

GUIDANCE = 1.5


class StreamMaker:
    """Makes streams that speak texts with a model's first voice, each with noise of its own."""

    def __init__(self, loaded: LoadedModel) -> None:
        if loaded.frames is None:
            raise ValueError("streams that are measured need lengths that are known beforehand")
        self.frames = loaded.frames  # of a text
        self._tokenizer = loaded.tokenizer
        self._voice = loaded.voice(None)
        self._config = loaded.model.config
        self._made = 0

    def make(self, text: str) -> Stream:
        """A stream that speaks `text`."""
        number, self._made = self._made, self._made + 1
        return Stream(
            number=number,
            tokens=self._tokenizer.encode(text),
            voice=self._voice,
            noise=NoiseSource(0, number, self._config.head.latent_size),
            guidance=GUIDANCE,
            max_frames=self.frames(text),
        )

    def check(self, longest: str) -> None:
        """Refuse texts that a record of the context's size would not hold unsplit.

        Raises:
            UsageError: `longest` is too long.
        """
        stream = self.make(longest)
        frames = max(len(stream.tokens) * self._config.frames_per_token, self.frames(longest))
        context = self._config.lm.max_positions
        if stream.prompt + len(stream.tokens) + frames > context:
            raise UsageError(
                f"texts of {len(longest)} characters do not fit the model's context of {context} "
                "positions",
                remedy="characters",
            )


def first_frame(engine: Engine, stream: Stream) -> StreamFrame:
    """Submit `stream` and step until its first frame is there."""
    engine.submit(stream)
    while True:
        for frame in engine.step():
            if frame.stream is stream:
                return frame


def first_audio_ms(engine: Engine, maker: StreamMaker, text: str, repeats: int) -> list[float]:
    """Milliseconds from submitting a stream to its first samples on the host, when it is alone."""
    times = []
    for _ in range(repeats):
        stream = maker.make(text)
        start = time.perf_counter()
        first_frame(engine, stream)
        times.append(1e3 * (time.perf_counter() - start))
        stop(engine, [stream])
    return times


def prepare(engine: Engine, stream: Stream) -> None:
    """Give the slots of an idle engine the capacity that `stream` needs, and capture every step."""
    first_frame(engine, stream)
    stop(engine, [stream])
    engine.warm_up()
    spare_long_lived()  # as the commands do


def fill(engine: Engine, maker: StreamMaker, texts: Sequence[str]) -> list[Stream]:
    """Submit a stream for each of `texts`, and step until all run that can."""
    streams = [maker.make(text) for text in texts]
    for stream in streams:
        engine.submit(stream)
    while engine.waiting and engine.running < engine.state.slots:
        engine.step()
    return streams


def stop(engine: Engine, streams: list[Stream]) -> None:
    """Take `streams` out, and step until nothing is left."""
    for stream in streams:
        engine.cancel(stream)
    while engine.busy:
        engine.step()
