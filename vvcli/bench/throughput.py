"""Latency and throughput of few streams, run eagerly and with graphs: the article's table."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vvcli.bench.gpu_use import GpuUse
from vvcli.bench.memory import Memory, read_memory, start_memory
from vvcli.bench.streams import StreamMaker, first_audio_ms, prepare
from vvcli.bench.texts import random_texts
from vvcli.engine.engine import Engine
from vvcli.engine.graphs import GraphMode
from vvcli.progress.tally import count
from vvcli.speech.loaded_model import LoadedModel

LATENCIES = 20


@dataclass(frozen=True)
class Level:
    """So many streams at a time, until all records are spoken."""

    streams: int
    records: int
    elapsed_s: float
    records_per_s: float
    audio_s_per_s: float
    gpu_percent: float | None


@dataclass(frozen=True)
class Throughput:
    """One way of running steps."""

    graphs: GraphMode
    first_audio_ms: float  # median, one stream
    record_ms: float | None  # mean, where one stream is a level
    levels: list[Level]
    memory: Memory
    counters: dict[str, Any]

    def lines(self) -> list[tuple[str, float | None, str]]:
        """Name, value and format of every line of the table."""
        lines: list[tuple[str, float | None, str]] = [
            ("first audio, 1 stream, ms", self.first_audio_ms, ".1f"),
            ("one record, 1 stream, ms", self.record_ms, ".0f"),
        ]
        for level in self.levels:
            streams = count(level.streams, "stream")
            lines += [
                (f"{streams}, records/s", level.records_per_s, ".2f"),
                (f"{streams}, audio-s/s", level.audio_s_per_s, ".1f"),
                (f"{streams}, GPU busy, %", level.gpu_percent, ".0f"),
            ]
        return [
            *lines,
            ("peak allocated, GiB", self.memory.allocated, ".2f"),
            ("peak reserved, GiB", self.memory.reserved, ".2f"),
        ]


def measure_throughput(
    loaded: LoadedModel,
    graphs: GraphMode,
    *,
    steps: int,
    streams: Sequence[int],
    records: int,
    characters: tuple[int, int],
    tell: Callable[[Level], None],
) -> Throughput:
    """Speak `records` texts a stream at each number of `streams`, one after the other.

    The texts of a level are the same however steps are run; `tell` hears of each level.

    Raises:
        UsageError: the longest text is too long for the model's context.
    """
    maker, device = StreamMaker(loaded), loaded.model.device
    texts = {n: random_texts(n * records, characters, seed=n) for n in streams}
    longest = max((text for found in texts.values() for text in found), key=len)
    maker.check(longest)
    start_memory(device)
    engine = Engine(loaded.model, slots=max(streams), steps=steps, graphs=graphs)
    prepare(engine, maker.make(longest))
    waits = first_audio_ms(engine, maker, longest, LATENCIES)
    levels = []
    for n in streams:
        with GpuUse(device) as gpu:
            elapsed, frames = run_closed(engine, maker, texts[n], n)
        audio = frames / loaded.model.config.frame_rate
        total = len(texts[n])
        level = Level(n, total, elapsed, total / elapsed, audio / elapsed, gpu.percent)
        levels.append(level)
        tell(level)
    alone = [level for level in levels if level.streams == 1]
    return Throughput(
        graphs=graphs,
        first_audio_ms=statistics.median(waits),
        record_ms=1e3 / alone[0].records_per_s if alone else None,
        levels=levels,
        memory=read_memory(device),
        counters=dict(vars(engine.counters)),
    )


def run_closed(
    engine: Engine, maker: StreamMaker, texts: Sequence[str], streams: int
) -> tuple[float, int]:
    """Speak all `texts`, `streams` at a time: a text starts when another has ended.

    Seconds until the last frame is on the host, and the number of frames.
    """
    waiting = deque(maker.make(text) for text in texts)
    frames = 0
    start = time.perf_counter()
    for _ in range(min(streams, len(waiting))):
        engine.submit(waiting.popleft())
    while engine.busy:
        for frame in engine.step():
            frames += bool(len(frame.samples))
            if frame.end is not None and waiting:
                engine.submit(waiting.popleft())
    return time.perf_counter() - start, frames
