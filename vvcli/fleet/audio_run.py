"""What is common to runs whose workers send audio: of a stream in order, or of live sessions."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from vvcli.fleet.plain_values import ChunkMessage
from vvcli.fleet.run import FleetRun
from vvcli.samples import Samples


class Spoken(Protocol):
    """A record that a worker speaks.

    Attributes:
        skip: samples that a dead worker made and that are out, to be left out of what comes.
    """

    skip: int


SpokenT = TypeVar("SpokenT", bound=Spoken)


class AudioRun(FleetRun, Generic[SpokenT]):
    """Takes `chunk` messages; see `FleetRun` for arguments.

    Attributes:
        no_samples: of the type of the workers' audio.
    """

    def __init__(self, *others: Any) -> None:
        super().__init__(*others)
        self.no_samples: Samples = np.zeros(0, dtype=self.pool.sample_type)
        self._handlers["chunk"] = self._take_chunk

    @abstractmethod
    def find(self, ticket: int) -> SpokenT | None:
        """The record of `ticket`; None if nobody waits for it any more."""

    @abstractmethod
    def hear(self, spoken: SpokenT, samples: Samples, skipped: int, message: ChunkMessage) -> None:
        """Audio of a record has come: so many samples that are out already, then `samples`."""

    def drop(self, worker: int, kind: str, values: list[Any]) -> None:
        """Make room for what comes after the audio of an earlier run."""
        if kind == "chunk":
            self._read(worker, ChunkMessage(*values))

    def _take_chunk(self, worker: int, *values: Any) -> None:
        message = ChunkMessage(*values)
        samples = self._read(worker, message)
        figures = self.figures[worker]
        figures.active = message.active
        if message.worker_clipped is not None:
            figures.clipped = message.worker_clipped
        spoken = self.find(message.ticket)
        if spoken is None or self.dispatcher.owner(message.ticket) != worker:
            return
        figures.samples += len(samples)
        cut = min(spoken.skip, len(samples))
        spoken.skip -= cut
        if message.status is not None:
            self.dispatcher.finish(worker, message.ticket)
            figures.records += 1
        self.hear(spoken, samples[cut:], cut, message)

    def _read(self, worker: int, message: ChunkMessage) -> Samples:
        if not message.length:
            return self.no_samples
        return self.pool.read(worker, message.position, message.length, message.sample_type)
