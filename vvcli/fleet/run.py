"""A run of many workers: what is common to the files of a batch, a stream, and live sessions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from vvcli.errors import UnavailableError, VvcliError
from vvcli.fleet.channel import Message
from vvcli.fleet.dispatcher import Dispatcher
from vvcli.fleet.plain_values import Plain
from vvcli.fleet.pool import Figures, Pool, error_of, logger

POISON = "two workers died while they spoke it"


class FleetRun(ABC):
    """Hands tickets to the workers of a pool, and takes what they send.

    Args:
        pool: of the workers.
        up: those that are ready, kept up to date.
        number: of the run; what comes of another one is dropped.
        settings: of the run, for the workers.
        dispatcher: plans it.
        figures: of the workers, kept up to date.
    """

    def __init__(
        self,
        pool: Pool,
        up: set[int],
        number: int,
        settings: Plain,
        dispatcher: Dispatcher,
        figures: list[Figures],
    ) -> None:
        self.pool = pool
        self.number = number
        self.dispatcher = dispatcher
        self.figures = figures
        self._up = up
        self._settings = settings
        self._handlers: dict[str, Callable[..., None]] = {}

    def begin(self) -> None:
        """Tell all workers of the run; those that are not there are started.

        One that was lost before the first run stays so.
        """
        for worker in range(len(self.pool.names)):
            if worker in self._up:
                self._begin(worker)
            elif not self.dispatcher.has_lost(worker):
                self.pool.start(worker)

    def take(self, seconds: float | None = None) -> None:
        """Wait for messages, at most so long, and take them in.

        Raises:
            UnavailableError: no worker is left.
            VvcliError: a worker cannot go on, and another could not.
        """
        error: VvcliError | None = None
        for worker, message in self.pool.wait(seconds):
            try:
                self._take(worker, message)
            except VvcliError as raised:  # the other messages are not to be lost
                error = raised
        if error is not None:
            raise error

    def stop(self) -> None:
        """End the run at once."""
        for worker in self._up:
            self.send(worker, "stop")

    def send(self, worker: int, kind: str, *values: Any) -> None:
        """Send a message that belongs to this run."""
        self.pool.send(worker, kind, self.number, *values)

    @abstractmethod
    def retry(self, worker: int, tickets: list[int]) -> None:
        """`worker` died with these `tickets`, which are handed out again."""

    @abstractmethod
    def fail(self, ticket: int) -> None:
        """`ticket` has killed too many workers, and is handed out no more."""

    def _begin(self, worker: int) -> None:
        self.pool.send(worker, "run", self.number, self._settings)
        self.dispatcher.start(worker)

    def _take(self, worker: int, message: Message) -> None:
        kind, *values = message
        if kind == "ready":
            self._up.add(worker)
            self._begin(worker)
        elif kind == "died":
            self._bury(worker, str(values[0]))
        elif values[0] != self.number:
            self.drop(worker, kind, values[1:])
        elif kind == "error":
            raise error_of(*values[1:])
        elif kind in self._handlers:
            self._handlers[kind](worker, *values[1:])

    def drop(self, worker: int, kind: str, values: list[Any]) -> None:  # noqa: B027
        """A message of an earlier run has come."""

    def _bury(self, worker: int, reason: str) -> None:
        """Go on after a death."""
        self._up.discard(worker)
        death = self.dispatcher.die(worker)
        name, figures = self.pool.names[worker], self.figures[worker]
        figures.clipped_before += figures.clipped
        figures.clipped = figures.active = 0
        self.retry(worker, death.retried)
        for ticket in death.failed:
            self.fail(ticket)
        if death.restart:
            figures.restarts += 1
            logger.warning("worker %s %s: it is started again", name, reason)
            self.pool.start(worker)
        elif self.dispatcher.is_lost:
            raise UnavailableError(f"no worker is left: {name} {reason}")
        else:
            logger.warning("worker %s %s: the others go on without it", name, reason)
