"""Which devices are meant, and the place of a worker for each."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from vvcli.errors import UnavailableError
from vvcli.fleet.cores import available, shares

VISIBLE = "CUDA_VISIBLE_DEVICES"

# Each has the model in memory: thousands, meant as streams, stop a machine.
WORKERS_OF_A_PROCESSOR = 4

_LIST = re.compile(r"cuda:(all|[0-9]{1,4}(,[0-9]{1,4})+)")
_ONE = re.compile(r"auto|cpu|cuda(:[0-9]{1,4})?")


@dataclass(frozen=True)
class Place:
    """Where a worker runs.

    Attributes:
        name: "cuda:1", or "cpu" and a number where there are several.
        device: as the worker itself sees it.
        environment: variables that make it so.
        cores: the processors of a CPU worker; None: those near its GPU.
    """

    name: str
    device: str
    environment: dict[str, str]
    cores: list[int] | None = None

    @property
    def threads(self) -> int | None:
        """Threads that compute on a CPU; None: what the environment says, or torch."""
        if self.cores is None or "OMP_NUM_THREADS" in os.environ:
            return None
        return len(self.cores)


def names_devices(text: str) -> bool:
    """Whether `text` has the form of a device or a list of them, wherever it is."""
    return bool(_ONE.fullmatch(text) or _LIST.fullmatch(text))


def pick_places(device: str | Sequence[str], workers: int = 1) -> str | list[Place]:
    """The one device that is meant, for a worker in this process; or places for several workers.

    Raises:
        ValueError: a device is named twice, `workers` are asked for on devices that have one
            each, or are too many for the processors.
        UnavailableError: there is no such device.
    """
    names = _expand(device)
    if len(names) > 1:
        if workers != 1:
            raise ValueError(f"{workers} workers are asked for, and each CUDA device has one")
        return [_on_gpu(int(name.removeprefix("cuda:"))) for name in names]
    (name,) = names
    if workers == 1:
        return name
    cores = len(available())
    if not name.startswith("cuda") and workers > cores * WORKERS_OF_A_PROCESSOR:
        raise ValueError(
            f"{workers} workers are asked for, and there {_are(cores)} here for at most "
            f"{cores * WORKERS_OF_A_PROCESSOR}: one worker speaks many streams for less"
        )
    if name.startswith("cuda") or (name == "auto" and _count() > 0):
        raise ValueError(f"{workers} workers are asked for, and a CUDA device has one")
    return [
        Place(f"cpu {number}", "cpu", {}, cores) for number, cores in enumerate(shares(workers))
    ]


def _expand(device: str | Sequence[str]) -> list[str]:
    """The names of single devices; several are all CUDA devices that are there."""
    given = [device] if isinstance(device, str) else list(device)
    if not given or not all(isinstance(name, str) for name in given):
        raise ValueError("device is neither the name of a device nor a list of names")
    if len(given) == 1 and not _LIST.fullmatch(given[0]):
        return given  # what is wrong with it is said where it is opened
    names: list[str] = []
    for text in given:
        if text == "cuda:all":
            names += [f"cuda:{index}" for index in range(_count())]
        elif _LIST.fullmatch(text):
            names += [f"cuda:{index}" for index in text.removeprefix("cuda:").split(",")]
        else:
            names.append("cuda:0" if text == "cuda" else text)
    if not names:
        raise UnavailableError("no device 'cuda:all': torch sees no CUDA device here")
    for name in names:
        if not re.fullmatch("cuda:[0-9]+", name):
            raise ValueError(f"{name!r} is not one of several CUDA devices")
    names = [f"cuda:{int(name[5:])}" for name in names]  # cuda:01 is cuda:1
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the device {name} is named twice")
        if int(name[5:]) >= _count():
            raise UnavailableError(f"no device {name!r}: torch sees {_count()} CUDA devices here")
    return names


def _on_gpu(index: int) -> Place:
    """The place of a worker that sees the CUDA device `index` of this process, and no other.

    What this process may see is a list of numbers, UUIDs or MIG names, which mean the same there.
    """
    visible = os.environ.get(VISIBLE)
    name = str(index) if visible is None else visible.split(",")[index].strip()
    return Place(f"cuda:{index}", "cuda:0", {VISIBLE: name})


def _are(cores: int) -> str:
    return "is 1 processor" if cores == 1 else f"are {cores} processors"


def _count() -> int:
    """How many CUDA devices torch sees; no context is made on any."""
    import torch  # here alone: where none is named, this process does without

    return torch.cuda.device_count() if torch.cuda.is_available() else 0
