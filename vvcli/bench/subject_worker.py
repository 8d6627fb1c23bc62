"""The main program of a worker that speaks with a model to measure, in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from vvcli.fleet.child import main as serve

if TYPE_CHECKING:
    from vvcli.fleet.plain_values import Plain
    from vvcli.fleet.worker import Worker
    from vvcli.speech.loaded_model import LoadedModel
    from vvcli.speech.speaker import SpeakerOptions

NAME = "vvcli.bench.subject_worker"


def main(connection: int, ring: int) -> NoReturn:
    """As `vvcli.fleet.child` does, with `open_subject`'s model instead of a folder's."""
    serve(connection, ring, load)


def load(setup: Plain) -> tuple[Worker, Plain]:
    """A worker, and what others want to know of it.

    `model` is a name, or None for random weights of the shape called `shape`.

    Raises:
        UnavailableError: model or device is unavailable.
    """
    # Only now: the process has its processors.
    from vvcli.bench.subject import open_subject
    from vvcli.checkpoint.model_folder import ModelFolder
    from vvcli.fleet.load import load_worker

    def load_subject(setup: Plain, _: SpeakerOptions) -> LoadedModel:
        folder = ModelFolder(setup["model"]) if setup["model"] else None
        return open_subject(folder, setup["shape"], setup["device"], setup["dtype"])

    return load_worker(setup, load_subject)
