"""The main program of a worker that speaks with a model to measure, in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from vvcli.fleet.child import main as serve

if TYPE_CHECKING:
    from vvcli.fleet.plain import Plain
    from vvcli.fleet.worker import Worker

NAME = "vvcli.bench.subject_worker"


def main(connection: int, ring: int) -> NoReturn:
    """As `vvcli.fleet.child` does, with `open_subject`'s model instead of a folder's."""
    serve(connection, ring, load)


def load(setup: Plain) -> tuple[Worker, Plain]:
    """A worker, and what others want to know of it; `model` and `shape` as `open_subject` wants.

    Raises:
        UnavailableError: model or device is unavailable.
    """
    # Only now: the process has its processors.
    import torch

    from vvcli.bench.subject import open_subject
    from vvcli.fleet.load import worker_of
    from vvcli.fleet.plain import options_of

    if setup["threads"] is not None:
        torch.set_num_threads(setup["threads"])
    model = open_subject(setup["model"], setup["shape"], setup["device"], setup["dtype"])
    return worker_of(model, options_of(setup["options"]))
