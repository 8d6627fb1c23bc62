"""Workers outside of this process, as those see them that give them work."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol

from vvcli.errors import OutputError, RecordError, UnavailableError, UsageError, VvcliError
from vvcli.fleet.channel import Message
from vvcli.fleet.dispatcher import MAX_RESTARTS
from vvcli.fleet.plain_values import Plain
from vvcli.samples import SAMPLE_RATE, Samples, SampleType

# To standard error, unless whoever uses the package has it elsewhere.
logger = logging.getLogger("vvcli.fleet")

PATIENCE = 30.0  # seconds after which it is said that workers are waited for

_ERRORS = {kind.__name__: kind for kind in (OutputError, RecordError, UnavailableError, UsageError)}


class Pool(Protocol):
    """Starts workers, and carries messages to and from them.

    Besides what `WorkerLoop` sends there are `ready`, once a worker can be told of runs, and
    `died`, with the reason, after which nothing more comes of it: it was stopped for certain.

    Attributes:
        names: what the workers are called: "cuda:1".
        sample_type: of the audio.
    """

    names: list[str]
    sample_type: SampleType

    @property
    def streams(self) -> int:
        """Records that each worker speaks at the same time."""

    @property
    def started(self) -> Collection[int]:
        """Workers that were started and have not died, ready or not."""

    def start(self, worker: int) -> None:
        """Start a worker that is not among `started`."""

    def kill(self, worker: int) -> None:
        """End a worker at once; nothing more comes of it."""

    def send(self, worker: int, *message: Any) -> None:
        """Send a message of plain values; to a dead worker nothing."""

    def wait(self, seconds: float | None = None) -> list[tuple[int, Message]]:
        """Wait for messages, or for `wake`; with the workers they come from."""

    def read(
        self, worker: int, position: int, length: int, sample_type: SampleType | None = None
    ) -> Samples:
        """The samples that a `chunk` message of the worker names; to be called for each, once.

        They are of `sample_type`, the pool's own by default.
        """

    def wake(self) -> None:
        """End `wait`, from any thread."""

    def close(self) -> None:
        """End all workers."""


class PoolClosedError(RuntimeError):
    """Another thread has closed the pool that a run goes on in."""


def start_all(pool: Pool, say_late: Callable[[int], object] = lambda _: None) -> dict[int, Plain]:
    """Start all workers of `pool`, and wait until each is ready, or is lost.

    One that dies over it, as of a signal, is started again MAX_RESTARTS times, and lost with the
    next death. One that says what it failed of would fail again.

    Args:
        pool: none of its workers is started.
        say_late: is told once how many are not ready after PATIENCE.

    Returns:
        The facts that each worker tells of itself; of those that are lost there are none.

    Raises:
        UnavailableError: a worker has failed, or none is left.
        VvcliError: a worker refused what it was to load.
    """
    for worker in range(len(pool.names)):
        pool.start(worker)
    facts: dict[int, Plain] = {}
    deaths = Counter[int]()
    failed: set[int] = set()
    missing = set(range(len(pool.names)))
    say_at = time.monotonic() + PATIENCE
    while missing:
        now = time.monotonic()
        if now >= say_at:
            say_at = float("inf")
            say_late(len(missing))
        for worker, (kind, *values) in pool.wait(None if say_at == float("inf") else say_at - now):
            if kind == "ready":
                facts[worker] = values[0]
                missing.discard(worker)
            elif kind == "refused":
                raise error_of(*values)
            elif kind == "crashed":
                failed.add(worker)
            elif kind == "died":
                what = f"{pool.names[worker]} {values[0]}"
                if worker in failed:
                    raise UnavailableError(f"worker {what}")
                facts.pop(worker, None)
                deaths[worker] += 1
                if deaths[worker] <= MAX_RESTARTS:
                    logger.warning("worker %s: it is started again", what)
                    missing.add(worker)
                    pool.start(worker)
                    continue
                missing.discard(worker)
                if not missing and not facts:
                    raise UnavailableError(f"no worker is left: {what}")
                logger.warning("worker %s: the others go on without it", what)
    return facts


@dataclass
class Figures:
    """How a worker does in a run."""

    name: str
    start: float
    records: int = 0
    samples: int = 0
    restarts: int = 0
    active: int = 0  # streams
    clipped: int = 0  # samples, since it was started
    clipped_before: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The figures for programs; the speed is that since the start of the run."""
        audio = self.samples / SAMPLE_RATE
        return {
            "worker": self.name,
            "records": self.records,
            "audio": round(audio, 6),
            "speed": round(audio / max(time.monotonic() - self.start, 1e-9), 3),
            "restarts": self.restarts,
        }


def plain_error(error: VvcliError) -> Message:
    """An error as plain values."""
    return [type(error).__name__, str(error), getattr(error, "remedy", None)]


def error_of(kind: str, sentence: str, remedy: str | None) -> VvcliError:
    """The error that `plain_error` was given."""
    error = _ERRORS.get(kind, VvcliError)(sentence)
    error.__dict__["remedy"] = remedy
    return error
