"""The time of one frame step, with every slot of the bucket running."""

from __future__ import annotations

import platform
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from vvcli import __version__
from vvcli.bench.random_model import random_voice
from vvcli.device import suit_threads
from vvcli.engine.engine import Engine
from vvcli.engine.frame import frame_step
from vvcli.engine.noise import NoiseSource
from vvcli.engine.stream import Stream
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import VibeVoice

POSITIONS = 200  # of the cache in use: a voice and about ten seconds of speech
WARM_UP = 3


@dataclass(frozen=True)
class FrameTime:
    """Times of one bucket, in milliseconds."""

    streams: int
    frame_ms: float  # median
    fastest_ms: float
    slowest_ms: float
    real_time_streams: float  # streams this machine could keep in real time at this pace

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@torch.inference_mode()
def measure_frame(model: VibeVoice, streams: int, frames: int, steps: int) -> FrameTime:
    """Median time of `frames` frame steps over `streams` slots.

    The same step as in `speak`, through an engine's own state; nothing is admitted or written.
    """
    suit_threads(model)
    table = SolverTable.build(model.prediction_head, steps)
    engine = Engine(model, slots=streams, steps=steps)
    config = model.config
    voice = random_voice(config, model.device, model.dtype, POSITIONS)
    for slot in range(streams):
        noise = NoiseSource(0, slot, config.head.latent_size)
        engine.state.load(slot, Stream(slot, [0], voice, noise, guidance=1.5))
    limit = POSITIONS + frames + WARM_UP + 1
    times = []
    for _ in range(WARM_UP + frames):
        engine.state.active.fill_(True)  # random weights may well say that speech has ended
        engine.state.window_left.fill_(1)
        _synchronize(model.device)
        start = time.perf_counter()
        frame_step(model, engine.state, table, streams, limit)
        _synchronize(model.device)
        times.append(1e3 * (time.perf_counter() - start))
    times = times[WARM_UP:]
    median = statistics.median(times)
    frame_ms = 1e3 / config.frame_rate
    return FrameTime(streams, median, min(times), max(times), streams * frame_ms / median)


def describe_machine(device: torch.device) -> dict[str, Any]:
    """Hardware and versions, so that a figure can be read later."""
    if device.type == "cuda":
        name, threads = torch.cuda.get_device_name(device), None
    else:
        name, threads = _processor(), torch.get_num_threads()
    return {
        "device": name,
        "threads": threads,
        "vvcli": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
