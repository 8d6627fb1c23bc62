"""Loads the model of a worker, in the process or actor that it runs in."""

from __future__ import annotations

from collections.abc import Callable

import torch

from vvcli.fleet.plain_values import Plain, model_of, options_of
from vvcli.fleet.worker import Worker
from vvcli.speech.device import release_workspaces
from vvcli.speech.loaded_model import LoadedModel, load
from vvcli.speech.long_lived import spare_long_lived
from vvcli.speech.speaker import Speaker, SpeakerOptions


def load_folder(setup: Plain, options: SpeakerOptions) -> LoadedModel:
    """The model that a worker speaks with."""
    return load(
        model_of(setup["model"]),
        device=setup["device"],
        dtype=setup["dtype"],
        deterministic=options.deterministic,
        threads=options.threads,
        streams=options.streams,
        steps=options.steps,
    )


def load_worker(
    setup: Plain, load_model: Callable[[Plain, SpeakerOptions], LoadedModel] = load_folder
) -> tuple[Worker, Plain]:
    """A worker, and what others want to know of it.

    Args:
        setup: `model`, `device`, `dtype`, `threads` (of a CPU worker, or None) and `options`, as
            plain values.
        load_model: loads `model`.

    Raises:
        UnavailableError: model, voice or device is unavailable, or has no memory for the streams.
    """
    options = options_of(setup["options"])
    if setup["threads"] is not None:
        torch.set_num_threads(setup["threads"])
    worker = Worker(Speaker(load_model(setup, options), options))
    release_workspaces()
    spare_long_lived()
    dtype = str(worker.speaker.engine.dtype).removeprefix("torch.")
    return worker, {"streams": worker.speaker.streams, "dtype": dtype, "card": _card(worker)}


def _card(worker: Worker) -> str:
    """The model of the worker's card: different ones may round differently."""
    device = worker.speaker.device
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
