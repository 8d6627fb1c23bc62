"""The time of one frame step, with every slot of the bucket running."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from vvcli.bench.floor import Rates, frame_work
from vvcli.bench.random_model import random_voice, voice_length
from vvcli.bench.readings import WARM_UP, Memory, read_memory, start_memory, time_calls
from vvcli.engine.engine import Engine
from vvcli.engine.graphs import GraphMode
from vvcli.engine.scheduler import NO_MORE_TEXT
from vvcli.engine.stream import NoiseSource, Stream
from vvcli.model.vibevoice import VibeVoice
from vvcli.speech.device import release_workspaces

STAGES = ("diffusion", "decoder", "lm")  # the others of a frame are next to nothing

# Frames between two resets, so that the caches stay about as long as they are said to be.
ROUND = 20

# Of the frames that are asked for: an eager one takes long and varies little.
EAGER_FRAMES = 20

FRAMES_ON_CUDA, FRAMES_ON_CPU = 100, 10
BUCKETS_ON_CUDA, BUCKETS_ON_CPU = (1, 32, 256, 1024), (1, 4)


@dataclass(frozen=True)
class FrameTime:
    """Times of one number of streams, in milliseconds."""

    streams: int
    frame_ms: float  # median, replayed where there is a graph
    fastest_ms: float
    slowest_ms: float
    eager_ms: float | None  # median; only on CUDA
    ratio: float | None  # of eager to replayed
    stages_ms: dict[str, float]  # medians of diffusion, decoder and lm, each run alone
    real_time_streams: float  # streams this machine could keep in real time at this pace
    positions: int  # of the cache in use
    floor_ms: float
    floor_of: str  # "bytes" or "flops"
    floor_share: float  # of the floor in the time
    memory: Memory  # while this was measured, capture included
    eager_memory: Memory | None
    counters: dict[str, Any]  # how steps were run


@dataclass(frozen=True)
class _Measured:
    frames: list[float]
    stages: dict[str, float]
    memory: Memory
    counters: dict[str, Any]


def measure_frame(
    model: VibeVoice, streams: int, *, frames: int, steps: int, rates: Rates
) -> FrameTime:
    """Median time of `frames` frame steps over `streams` slots, with graphs and without.

    The same step as in `speak`, through an engine's own state; nothing is admitted or written.

    Raises:
        UnavailableError: the device has no memory for so many streams.
    """
    eager = None
    if model.device.type == "cuda":
        eager = _measure(model, streams, min(frames, EAGER_FRAMES), steps, "off", stages=False)
    found = _measure(model, streams, frames, steps, "auto", stages=True)
    config, positions = model.config, voice_length(model.config)
    # On a CPU, float32 weights that are no more than float16 are stored as that.
    halved = model.device.type == "cpu" and model.dtype == torch.float32
    work = frame_work(
        config,
        model.dtype,
        weight_size=2 if halved else model.dtype.itemsize,
        streams=streams,
        steps=steps,
        positions=positions,
    )
    floor, of = work.floor(rates)
    median = statistics.median(found.frames)
    eager_median = statistics.median(eager.frames) if eager else None
    return FrameTime(
        streams=streams,
        frame_ms=median,
        fastest_ms=min(found.frames),
        slowest_ms=max(found.frames),
        eager_ms=eager_median,
        ratio=eager_median / median if eager_median else None,
        stages_ms=found.stages,
        real_time_streams=streams * 1e3 / config.frame_rate / median,
        positions=positions,
        floor_ms=floor,
        floor_of=of,
        floor_share=floor / median,
        memory=found.memory,
        eager_memory=eager.memory if eager else None,
        counters=found.counters,
    )


def frame_ms(model: VibeVoice, streams: int, frames: int, steps: int) -> float:
    """The median time of `frames` frames as `speak` would run them, and nothing else of it."""
    return statistics.median(_measure(model, streams, frames, steps, "auto", stages=False).frames)


def _measure(
    model: VibeVoice, streams: int, frames: int, steps: int, graphs: GraphMode, *, stages: bool
) -> _Measured:
    start_memory(model.device)
    engine = Engine(model, slots=streams, steps=steps, graphs=graphs)
    release_workspaces()  # as the commands do
    running = RunningSlots(engine)
    times = running.time(running.frame, frames)
    memory = read_memory(model.device)
    split = {}
    if stages:
        found = running.engine.stages(streams)
        for name in STAGES:
            split[name] = statistics.median(running.time(found[name], frames))
    return _Measured(times, split, memory, dict(vars(running.engine.counters)))


class RunningSlots:
    """An engine with a stream in every slot that never ends and never needs text."""

    @torch.inference_mode()
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        config = engine.config
        self._device = engine.device
        self._positions = voice_length(config)
        self._slots = engine.state.slots
        voice = random_voice(config, engine.device, engine.dtype, self._positions)
        source = NoiseSource(0, 0, config.head.latent_size)
        for slot in range(self._slots):
            engine.state.load(slot, Stream(slot, [0], voice, source, config.cfg_scale))
        engine.state.noise.normal_()
        self.reset()

    @torch.inference_mode()
    def reset(self) -> None:
        """Put every stream back to its first frame; the caches keep their contents."""
        state = self.engine.state
        state.active[:-1].fill_(True)
        state.window_left.fill_(NO_MORE_TEXT)
        state.tts_length[:-2:2].fill_(self._positions)
        state.tts_length[1:-2:2].fill_(1)
        state.frame.zero_()

    def frame(self) -> object:
        """Start one frame of all slots."""
        return self.engine.frame(self._slots, self._positions + WARM_UP + ROUND)

    @torch.inference_mode()
    def time(self, call: Callable[[], object], count: int) -> list[float]:
        """Milliseconds of each of `count` calls of something that makes a frame, or a part."""
        times: list[float] = []
        while len(times) < count:
            self.reset()
            found = time_calls(call, WARM_UP + min(ROUND, count - len(times)), self._device)
            times += found[WARM_UP:]
        return times
