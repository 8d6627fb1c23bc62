"""Workers as Ray actors, for the files of a batch.

An actor that died is replaced by a new one, not restarted by Ray: a new one has constructor
arguments for certain (ray issue 53727), and nothing that was told to the old one can reach it.
Its `.part` files have a tag of their own, so that an actor that lives on behind a broken network
writes to none of another's; it is never told to give a file its name.
"""

from __future__ import annotations

import logging
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Collection
from contextlib import ExitStack, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from vvcli import __version__
from vvcli.errors import UnavailableError, UsageError
from vvcli.fleet.channel import Message
from vvcli.fleet.plain_values import Plain
from vvcli.fleet.pool import start_all
from vvcli.fleet.ray_cluster import RayCluster, connect, count_workers
from vvcli.fleet.ray_worker import RayWorker
from vvcli.samples import Samples, SampleType

SLICE = 0.2  # seconds of a wait after which signals are looked for
PROBE_SECONDS = 60.0

LATE = "the Ray cluster has not started %d workers yet"

logger = logging.getLogger("vvcli.fleet")


class RayPool:
    """See `Pool`; it makes files, and no stream.

    Args:
        cluster: to connect to.
        setup: what each worker loads, as `load_worker` wants it.
        identity: of the model, which must be the same everywhere.
        device: `auto`, `cuda` or `cpu`.
        workers: for each machine, on CPUs.
        sample_type: of the audio.

    Raises:
        UsageError: Ray is not installed, the folder is not shared, or `deterministic` is asked of
            different cards.
        UnavailableError: there is no such cluster, or a worker cannot load the model.
    """

    def __init__(
        self,
        cluster: RayCluster,
        setup: Plain,
        identity: str,
        device: str,
        workers: int,
        sample_type: SampleType,
    ) -> None:
        self.sample_type = sample_type
        self._cluster = cluster
        self._identity = identity
        self._run = secrets.token_hex(3)
        self._actors: dict[int, Any] = {}
        self._starts = Counter[int]()
        self._refs: dict[Any, tuple[int, bool]] = {}  # of calls; whether messages come of them
        self._outbox: dict[int, list[Message]] = {}
        self._told = Counter[int]()
        self._reasons: dict[int, str] = {}
        self.facts: dict[int, Plain] = {}
        self._woken = threading.Event()
        self._connection = ExitStack()
        # Ray prints what happens to its machines, wherever this process prints: not among data.
        self._connection.enter_context(redirect_stdout(sys.stderr))
        try:
            self._ray = connect(cluster)
            self._connection.callback(self._ray.shutdown)
            count, self._resources = count_workers(self._ray, device, workers)
            on_gpu = self._resources["num_gpus"] > 0
            self._setup = setup | {
                "device": "cuda:0" if on_gpu else "cpu",
                "threads": None,
                "folder": str(Path.cwd()),
            }
            self.names = [f"ray {number}" for number in range(count)]
            self._open()
        except BaseException:
            self.close()
            raise

    @property
    def streams(self) -> int:
        """Records that each worker speaks at the same time."""
        return int(next(iter(self.facts.values()))["streams"])

    @property
    def started(self) -> Collection[int]:
        """Workers that were started and have not died, ready or not."""
        return self._actors.keys()

    @property
    def pids(self) -> list[int]:
        """The processes of the actors."""
        return [int(self.facts[worker]["pid"]) for worker in self._actors if worker in self.facts]

    def start(self, worker: int) -> None:
        """Start a worker that is not among `started`."""
        tag = f"{self._run}-{worker:x}-{self._starts[worker]:x}"
        self._starts[worker] += 1
        make = self._ray.remote(
            **self._resources,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )
        actor = self._actors[worker] = make(RayWorker).remote(self._setup | {"tag": tag})
        self._told[worker] = 0
        self._refs[actor.begin.remote()] = worker, False

    def kill(self, worker: int) -> None:
        """End a worker at once; nothing more comes of it."""
        if worker in self._actors:
            self._bury(worker, None)

    def send(self, worker: int, *message: Any) -> None:
        """Send a message of plain values, with the next `wait`; to a dead worker nothing."""
        if worker in self._actors:
            self._outbox.setdefault(worker, []).append(list(message))

    def wait(self, seconds: float | None = None) -> list[tuple[int, Message]]:
        """Wait for messages, or for `wake`; with the workers they come from."""
        self._flush()
        give_up = None if seconds is None else time.monotonic() + seconds
        while self._refs and not self._woken.is_set():
            left = SLICE if give_up is None else min(SLICE, max(0.0, give_up - time.monotonic()))
            ready, _ = self._ray.wait([*self._refs], timeout=left)
            if ready:
                ready, _ = self._ray.wait([*self._refs], num_returns=len(self._refs), timeout=0)
                return [each for ref in ready for each in self._messages(ref)]
            if give_up is not None and time.monotonic() >= give_up:
                break
        self._woken.clear()
        return []

    def read(self, worker: int, position: int, length: int, sample_type: Any = None) -> Samples:
        """Not for files, whose audio stays where it is made.

        Raises:
            ValueError: always.
        """
        raise ValueError("a Ray cluster makes files, and no stream")

    def wake(self) -> None:
        """End `wait` within a SLICE, from any thread."""
        self._woken.set()

    def close(self) -> None:
        """End all workers, and the connection."""
        for worker in list(self._actors):
            self._bury(worker, None)
        self._connection.close()

    def _flush(self) -> None:
        for worker, messages in self._outbox.items():
            if worker in self._actors:
                self._actors[worker].tell.remote(self._told[worker], messages)
                self._told[worker] += 1
        self._outbox.clear()

    def _messages(self, ref: Any) -> list[tuple[int, Message]]:
        """What a call has returned; the next one is made."""
        if ref not in self._refs:  # of an actor that was found dead by another call
            return []
        worker, is_take = self._refs.pop(ref)
        try:
            found = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            return [(worker, ["died", self._bury(worker, error)])]
        messages = found if is_take else [found]
        for kind, *values in messages:
            if kind in ("refused", "crashed"):
                self._reasons[worker] = f"failed: {values[-2]}"
                died = worker, ["died", self._bury(worker, None)]
                return [*((worker, each) for each in messages), died]
            if kind == "ready":
                self.facts[worker] = values[0]
                self.names[worker] = f"ray {worker} on {values[0]['host']}"
        self._refs[self._actors[worker].take.remote()] = worker, True
        return [(worker, each) for each in messages]

    def _bury(self, worker: int, error: BaseException | None) -> str:
        """Kill the actor, wherever it is; how it ended."""
        actor = self._actors.pop(worker)
        self._outbox.pop(worker, None)
        self._refs = {ref: of for ref, of in self._refs.items() if of[0] != worker}
        with suppress(Exception):  # it is gone, and so may be the cluster
            self._ray.kill(actor)
        reason = self._reasons.pop(worker, None)
        if reason is None and error is not None:
            reason = f"is lost ({type(error).__name__})"
        return reason or "was ended"

    def _open(self) -> None:
        """Start all workers, and see whether they fit."""
        self.facts = start_all(self, lambda missing: logger.warning(LATE, missing))
        for worker in self._actors:
            self._check(worker)
        cards = sorted({str(facts["card"]) for facts in self.facts.values()})
        if len(cards) > 1:
            sentence = f"the cards of the Ray cluster differ: {', '.join(cards)}"
            if self._setup["options"]["deterministic"]:
                raise UsageError(f"{sentence}, and so do the last bits of what they compute")
            logger.warning("%s, and so may the last bits of a file", sentence)

    def _check(self, worker: int) -> None:
        """Check that a worker is of the same version and model, and shares the folder."""
        facts, folder = self.facts[worker], self._cluster.folder.absolute()
        host = facts["host"]
        if facts["version"] != __version__:
            raise UnavailableError(
                f"{host} has vvcli {facts['version']}, and here is {__version__}"
            )
        if facts["identity"] != self._identity:
            raise UnavailableError(f"{host} has another model of this name")
        actor = self._actors[worker]
        try:
            written = self._ray.get(actor.probe.remote(str(folder)), timeout=PROBE_SECONDS)
            if isinstance(written, str):
                raise UsageError(f"{folder} is not shared with {host}: there, {written}")
            if not _reads(folder / written[0], written[1]):
                raise UsageError(f"{folder} is not shared with {host}: what it writes is not here")
            self._ray.get(actor.end_probe.remote(), timeout=PROBE_SECONDS)
        except self._ray.exceptions.RayError as error:
            raise UnavailableError(f"{host} is lost ({type(error).__name__})") from error
        except UsageError:
            with suppress(self._ray.exceptions.RayError):
                self._ray.get(actor.end_probe.remote(), timeout=PROBE_SECONDS)
            raise


def _reads(path: Path, content: str) -> bool:
    try:
        return path.read_text("ascii") == content
    except (OSError, ValueError):
        return False
