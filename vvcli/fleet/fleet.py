"""A fleet: workers behind one interface, and how far they work ahead."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Protocol

from vvcli.batch.entry import ManifestEntry
from vvcli.batch.resume import JobStep
from vvcli.batch.runner import Events, Runner
from vvcli.script.record import Record
from vvcli.speech.look_ahead import look_ahead
from vvcli.speech.run import PendingChunk


def goes_on(_: ManifestEntry) -> bool:
    """False: whatever becomes of one file, the others are made."""
    return False


class Fleet(Protocol):
    """Workers that speak records.

    Attributes:
        workers: how many.
        streams: records that each of them speaks at the same time.
    """

    workers: int
    streams: int

    @property
    def clipped(self) -> int:
        """Samples of int16 that were cut off at full scale."""

    @property
    def active(self) -> int:
        """Streams that are being spoken now."""

    def stream(self, records: Iterable[Record]) -> Generator[PendingChunk, None, None]:
        """The chunks of `records`, in order."""

    def make(
        self,
        steps: Iterator[JobStep],
        runner: Runner,
        stops: Callable[[ManifestEntry], bool] = goes_on,
    ) -> Events:
        """Make the files of `steps` as `runner` says; how it goes.

        After an entry that `stops` no further file is begun, but all that was done is told.
        """

    def report(self) -> list[dict[str, Any]]:
        """The figures of each worker, where there are several."""

    def close(self) -> None:
        """End the workers."""


def run_ahead(
    pending: Generator[PendingChunk, None, None], max_ahead: float, wake: Callable[[], None]
) -> Generator[PendingChunk, None, None]:
    """The chunks of `pending`, made in a thread of their own; see `look_ahead`."""
    return look_ahead(pending, _size, int(max_ahead), wake)


def _size(chunk: PendingChunk) -> int:
    return chunk.size + 1  # one, so that records without audio are bounded as well
