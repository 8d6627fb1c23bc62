"""Kernels of a device, on their own: compared with the plain modules, or compiled ahead."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import torch

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.engine.backends.choose import KERNEL_CAPABILITY, kernel_backend, kernels_run_on
from vvcli.engine.backends.compare import Comparison
from vvcli.engine.backends.first_start import results_of
from vvcli.engine.backends.triton.common.card import SHARED_MEMORY, Card, card_of
from vvcli.engine.backends.triton.compile_pool import (
    POOL,
    describe_steps,
    start_if_nothing_is_compiled,
)
from vvcli.engine.sizes import MAX_WINDOWS, Buckets
from vvcli.errors import UnavailableError
from vvcli.model.config import ModelConfig
from vvcli.speech.device import LARGE_GPU_STREAMS, pick_device, pick_dtype, pick_streams

# Multiprocessors of the card that is most common of its capability: some tiles depend on them.
MULTIPROCESSORS = {"8.0": 108, "8.6": 82, "8.9": 128, "9.0": 132, "10.0": 148, "12.0": 170}


@dataclass(frozen=True)
class Warmed:
    """What was compiled ahead."""

    capability: str
    streams: int  # at the same time, at most
    compiled: int


def compare_kernels(folder: ModelFolder, device: str) -> list[Comparison]:
    """Every part that kernels compute on `device`; none where plain modules compute all.

    What fails is left to the plain modules from then on.

    Raises:
        UnavailableError: the model or the device is unavailable.
    """
    target = pick_device(device)
    if target.type != "cuda":
        return []
    start_if_nothing_is_compiled()
    model = folder.weights(pick_dtype("auto", target)).to(target)
    backend = kernel_backend(model)
    return [] if backend is None else results_of(model).renew(model, backend)


def begin_compiling(
    config: ModelConfig,
    device: torch.device,
    dtype: torch.dtype,
    streams: int | str,
    steps: int | None,
) -> None:
    """Have the kernels that the first record of `streams` needs compiled beside what follows.

    Without `steps`, for the solver steps that the config names.

    Only where no kernel was ever compiled: others are found missing one step at a time.
    """
    if not kernels_run_on(device, dtype):
        return
    start_if_nothing_is_compiled()
    if not POOL.started:
        return
    buckets = _buckets(pick_streams(streams, device))
    steps = config.pick_steps(steps)
    POOL.begin(describe_steps(config, card_of(device), buckets.first(), steps))


def _buckets(streams: int) -> Buckets:
    return Buckets(streams, min(streams, MAX_WINDOWS), on_cuda=True, fixed=False)


def compile_all(
    folder: ModelFolder, device: str, capability: str | None, streams: int | str, steps: int | None
) -> Warmed | None:
    """Compile the kernels of all steps of up to `streams` streams, for `device` or `capability`.

    `auto` streams are those of the device, and with `capability` those of a large card. Without
    `steps`, for the solver steps that the model names. Returns None where no kernels run.

    Raises:
        UnavailableError: the device is unavailable, or Triton is missing or fails.
    """
    target = torch.device("meta") if capability else pick_device(device)
    if target.type == "cpu":
        return None
    if target.type == "cuda" and torch.cuda.get_device_capability(target) < KERNEL_CAPABILITY:
        return None
    if find_spec("triton") is None:
        raise UnavailableError("kernels are compiled by Triton, which is not installed")
    from vvcli.engine.backends.triton.offline import compile_steps

    if capability:
        major, minor = map(int, capability.split("."))
        memory = SHARED_MEMORY[major, minor]
        card = Card((major, minor), memory, MULTIPROCESSORS[capability])
        count = LARGE_GPU_STREAMS if streams == "auto" else int(streams)
    else:
        card, count = card_of(target), pick_streams(streams, target)
    sizes = [*_buckets(count).every()]
    try:
        compiled = compile_steps(folder.config, card, sizes, folder.config.pick_steps(steps))
    except RuntimeError as error:
        raise UnavailableError(f"{error} for compute capability {capability or target}") from error
    return Warmed(".".join(map(str, card.capability)), count, compiled)
