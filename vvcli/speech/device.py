"""Resolves `auto` for device, dtype and the number of streams."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import Thread

import torch

from vvcli.engine.threads import set_step_threads
from vvcli.errors import UnavailableError
from vvcli.model.vibevoice import VibeVoice

DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    # Slow, and the same audio on every machine to 1e-5: for comparing implementations.
    "float64": torch.float64,
}

BFLOAT16_CAPABILITY = (8, 0)

# On a GPU the host's work for a step is the same for any number of streams. The slots of 256 take 3
# GB with the published model, and several times that once a long record has made them grow.
CPU_STREAMS = 8
GPU_STREAMS = 64
LARGE_GPU_STREAMS = 256
LARGE_GPU = 20 << 30  # bytes of memory

# Threads that a small model is given unasked. Each has to have Python's lock for every operator it
# calls, so that many of them wait for each other.
MAX_STEP_THREADS = 4

# Parameters below which the time of a CPU goes into calling operators, not into their arithmetic.
SMALL_MODEL = 50_000_000


def pick_device(name: str) -> torch.device:
    """The device called `name`; `auto` is the first CUDA device if there is one.

    Raises:
        UnavailableError: there is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UnavailableError(f"no device {name!r}: use auto, cpu, cuda or cuda:N") from error
    if device.type not in ("cpu", "cuda"):
        raise UnavailableError(f"device {name!r} is not supported: use auto, cpu, cuda or cuda:N")
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            raise UnavailableError(f"no device {name!r}: torch sees {count} CUDA devices here")
    return device


@contextmanager
def starting(device: torch.device) -> Iterator[None]:
    """Let a GPU start while the host does something else; on leaving it has.

    An error of its start is raised by whoever uses it first.
    """
    if device.type != "cuda":
        yield
        return

    def start() -> None:
        with suppress(Exception):
            torch.zeros(1, device=device)

    thread = Thread(target=start, name="start of the GPU")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """The dtype called `name`; `auto` is bfloat16 on CUDA and float32 on a CPU.

    Cards that have no bfloat16, of a compute capability below 8.0, get float16.
    """
    if name == "auto":
        if device.type != "cuda":
            return torch.float32
        has_bfloat16 = torch.cuda.get_device_capability(device) >= BFLOAT16_CAPABILITY
        return torch.bfloat16 if has_bfloat16 else torch.float16
    if name not in DTYPES:
        raise UnavailableError(f"no dtype {name!r}: use auto, {', '.join(DTYPES)}")
    return DTYPES[name]


def pick_streams(streams: int | str, device: torch.device) -> int:
    """Number of records that are spoken at the same time."""
    if streams != "auto":
        return int(streams)
    if device.type == "cpu":
        return CPU_STREAMS
    memory = torch.cuda.get_device_properties(device).total_memory
    return LARGE_GPU_STREAMS if memory >= LARGE_GPU else GPU_STREAMS


def suit_threads(
    model: VibeVoice, *, deterministic: bool = False, threads: int | str = "auto"
) -> None:
    """Choose how many threads compute on a CPU, and what they share out among them.

    Threads that meet after every operator cost a small model more than they save: a frame of the
    embedded one took 10.8 ms with one and 16.6 ms with two, on two cores. So they share out its
    streams, and operators compute on one; those of a large model are shared out.

    With `deterministic` there is one thread, unless a large model is told otherwise: sums that
    threads share out are rounded as many ways as there are numbers of threads, and one worker among
    others has fewer than one alone.

    Args:
        model: that engines will be made of.
        deterministic: as of an engine.
        threads: how many; `auto` is as many as OMP_NUM_THREADS says, else one a core, of a small
            model at most MAX_STEP_THREADS.
    """
    if model.device.type != "cpu":
        return
    small = sum(parameter.numel() for parameter in model.parameters()) < SMALL_MODEL
    count = available_threads() if threads == "auto" else int(threads)
    if threads == "auto" and "OMP_NUM_THREADS" not in os.environ:
        limit = 1 if deterministic else MAX_STEP_THREADS if small else count
        count = min(count, limit)
    torch.set_num_threads(1 if small else count)
    set_step_threads(count if small and not deterministic else 1)


@lru_cache
def available_threads() -> int:
    """The threads that operators were shared out to before any model chose its own number."""
    return torch.get_num_threads()


def release_workspaces() -> None:
    """Give back the 32 MiB that cuBLAS keeps for each stream it ever ran on.

    Building an engine runs it on a stream that is of no use later, since graphs have one of their
    own. No captured graph may be alive in the process: it would go on using its workspace.
    """
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
        torch._C._cuda_clearCublasWorkspaces()
