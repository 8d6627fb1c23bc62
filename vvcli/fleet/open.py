"""Opens a fleet: one worker in this process, or several in processes of their own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.fleet.cores import threads_each
from vvcli.fleet.devices import pick_places
from vvcli.fleet.worker import LocalFleet, Worker
from vvcli.speech.loaded_model import LoadedModel, load
from vvcli.speech.session_opener import SessionOpener
from vvcli.speech.speaker import Speaker, SpeakerOptions

if TYPE_CHECKING:
    import torch

    from vvcli.checkpoint.model_voices import VoiceFile
    from vvcli.fleet.many import ManyFleet
    from vvcli.fleet.ray_cluster import RayCluster
    from vvcli.fleet.sessions import FleetSessions
    from vvcli.model.config import ModelConfig
    from vvcli.model.voice import Voice


@dataclass(frozen=True)
class OpenFleet:
    """A fleet, and what is to be known of it.

    Attributes:
        fleet: the workers.
        speaker: of the one worker in this process; none where there are several.
        device: of the one worker, or the names of all.
        dtype: of the numbers computed with.
        config: the model's.
        voice: for records that name none.
        sessions: makes what opens live sessions, with a lock that is held while one is open; None
            where workers make files alone.
    """

    fleet: LocalFleet | ManyFleet
    speaker: Speaker | None
    device: torch.device | str
    dtype: str
    config: ModelConfig
    voice: Voice | VoiceFile
    sessions: Callable[[threading.Lock], SessionOpener | FleetSessions] | None = None


def open_fleet(
    model: str | Path | ModelFolder | LoadedModel,
    device: str | Sequence[str],
    workers: int,
    cluster: RayCluster | None,
    dtype: str,
    options: SpeakerOptions,
    max_ahead: float | None,
) -> OpenFleet:
    """A worker on one device in this process, a process for each of several, or a cluster's actors.

    Raises:
        ValueError: the model is loaded, and there are several workers; or as `pick_places` does.
        UnavailableError: model, voice or device is unavailable.
        UsageError: as `RayPool` does.
    """
    if cluster is not None:
        one = device if isinstance(device, str) else ",".join(device)
        return _open_cluster(cluster, model, one, workers, dtype, options, max_ahead)
    places = pick_places(device, workers)
    if isinstance(places, str):
        if not isinstance(model, LoadedModel):
            model = load(
                model,
                device=places,
                dtype=dtype,
                deterministic=options.deterministic,
                threads=options.threads,
                streams=options.streams,
                steps=options.steps,
            )
        speaker = Speaker(model, options)
        fleet = LocalFleet(Worker(speaker), max_ahead)
        dtype = str(speaker.engine.dtype).removeprefix("torch.")
        facts = speaker.device, dtype, speaker.config, speaker.voice
        return OpenFleet(fleet, speaker, *facts, partial(SessionOpener, speaker))
    if isinstance(model, LoadedModel):
        raise ValueError("model: one that is loaded cannot be shared by several workers")
    # What is wrong is said before any process starts, and before this one imports their modules.
    folder = model if isinstance(model, ModelFolder) else ModelFolder(model)
    config, voice = folder.config, folder.voices.find(options.voice)
    from vvcli.fleet.many import ManyFleet
    from vvcli.fleet.plain_values import plain_model, plain_options
    from vvcli.fleet.processes import ProcessPool
    from vvcli.fleet.sessions import FleetSessions

    setup = {
        "model": plain_model(folder.path.absolute()),
        "dtype": dtype,
        "options": plain_options(options),
    }
    pool = ProcessPool(places, setup, options.sample_type)
    many = ManyFleet(pool, max_ahead, threads=threads_each(len(places)))
    dtype = str(next(iter(pool.facts.values()))["dtype"])
    names = ", ".join(place.name for place in places)
    return OpenFleet(
        many, None, names, dtype, config, voice, partial(FleetSessions, many, folder.voices.find)
    )


def _open_cluster(
    cluster: RayCluster,
    model: str | Path | ModelFolder | LoadedModel,
    device: str,
    workers: int,
    dtype: str,
    options: SpeakerOptions,
    max_ahead: float | None,
) -> OpenFleet:
    """Workers on all machines of a Ray cluster, which find the model by its name or folder."""
    if isinstance(model, LoadedModel):
        raise ValueError("model: one that is loaded cannot be shared by several workers")
    folder = model if isinstance(model, ModelFolder) else ModelFolder(model)
    config, voice = folder.config, folder.voices.find(options.voice)
    from vvcli.fleet.many import ManyFleet
    from vvcli.fleet.plain_values import plain_model, plain_options
    from vvcli.fleet.ray_actors import RayPool

    # What is embedded or in a cache has another path on another machine.
    is_folder = isinstance(folder.spec, Path) or Path(folder.spec).is_dir()
    setup = {
        "model": plain_model(folder.path.absolute() if is_folder else folder.spec),
        "dtype": dtype,
        "options": plain_options(options),
    }
    pool = RayPool(cluster, setup, folder.identity, device, workers, options.sample_type)
    hosts = Counter(facts["host"] for facts in pool.facts.values())
    many = ManyFleet(pool, max_ahead, threads=threads_each(max(hosts.values())))
    name = "1 worker" if many.workers == 1 else f"{many.workers} workers"
    return OpenFleet(many, None, f"{name} of a Ray cluster", dtype, config, voice)
