"""Compares kernels with the plain modules, at the first start on a GPU they were not measured on.

Results are kept in the user's cache, by whatever they may depend on; parts that fail are computed
by the plain modules from then on.
"""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from uuid import uuid4

import torch
from platformdirs import user_cache_path

from vvcli import __version__
from vvcli.engine.backends.backend import Backend
from vvcli.engine.backends.compare import Comparison, compare, failures, without
from vvcli.engine.backends.driver import driver_version
from vvcli.model.vibevoice import VibeVoice

logger = logging.getLogger(__name__)

MEASURED = (9, 0)  # the capability that the tiles were measured on, and the tests ran on

# Numbers of streams to compare at: the tables of tiles change between them.
STREAMS = (1, 16, 64)

# An old vvcli's results are worth nothing; a machine has a few GPUs and models.
MAX_KEPT = 100


def without_failures(model: VibeVoice, backend: Backend) -> Backend:
    """`backend` without the parts that are wrong, or do not run, on the GPU of `model`."""
    measured = torch.cuda.get_device_capability(model.device) == MEASURED
    return results_of(model).apply(model, backend, compares=not measured)


def results_of(model: VibeVoice) -> Results:
    """Those of the GPU that `model` lies on, in the user's cache."""
    return Results(user_cache_path("vvcli"), torch.cuda.get_device_name(model.device))


class Results:
    """What comparisons on a GPU found, kept in a file.

    Args:
        folder: of the file, which is made if need be.
        card: the GPU's name.
    """

    def __init__(self, folder: Path, card: str) -> None:
        self._file = folder / "kernels.json"
        self._card = card

    def apply(self, model: VibeVoice, backend: Backend, *, compares: bool) -> Backend:
        """`backend` without the parts that failed; compared now, if it never was and `compares`."""
        failed = _read(self._file).get(_key(model, self._card))
        if failed is None and compares:
            logger.warning(
                "first start on %s: comparing kernels with plain modules, once", self._card
            )
            try:
                found = failures(self.renew(model, backend))
            except torch.OutOfMemoryError:
                logger.warning("the device has no memory to compare kernels; using them unseen")
                return backend
            failed = {part: comparison.sentence for part, comparison in found.items()}
        for part, reason in (failed or {}).items():
            logger.warning("kernels of the %s: %s; using plain modules", part, reason)
        return without(backend, failed or {})

    def renew(self, model: VibeVoice, backend: Backend) -> list[Comparison]:
        """Compare, and keep what fails."""
        found = compare(model, backend, STREAMS)
        failed = {part: comparison.sentence for part, comparison in failures(found).items()}
        _keep(self._file, _key(model, self._card), failed)
        return found


def _key(model: VibeVoice, card: str) -> str:
    """Everything a comparison may depend on, in a line a person can read."""
    try:
        triton = version("triton")
    except PackageNotFoundError:
        triton = "none"
    shape = hashlib.sha256(repr(model.config).encode()).hexdigest()[:12]
    return (
        f"{card}, driver {driver_version()}, torch {torch.__version__}, triton {triton}, "
        f"vvcli {__version__}, model {shape} {str(model.dtype).removeprefix('torch.')}"
    )


def _read(file: Path) -> dict[str, dict[str, str]]:
    """The results kept in `file`; none where it is missing or damaged."""
    with suppress(OSError, ValueError):
        found = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return {key: value for key, value in found.items() if _is_result(value)}
    return {}


def _is_result(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(reason, str) for reason in value.values())


def _keep(file: Path, key: str, failed: dict[str, str]) -> None:
    """Add a result to `file`, whole or not at all; a cache that cannot be written is no error."""
    kept = {**_read(file), key: failed}
    kept = dict([*kept.items()][-MAX_KEPT:])
    part = file.with_name(f".{file.name}.{uuid4().hex}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
