"""A fleet of several workers, each with an engine of its own, outside of this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from vvcli.batch.entry import ManifestEntry
from vvcli.batch.resume import JobStep
from vvcli.batch.runner import Events, Runner
from vvcli.fleet.closable import ClosablePool
from vvcli.fleet.dispatcher import Dispatcher
from vvcli.fleet.files import FilesRun
from vvcli.fleet.fleet import goes_on, run_ahead
from vvcli.fleet.make_files import FileSettings
from vvcli.fleet.ordered import StreamRun
from vvcli.fleet.plain_values import Plain
from vvcli.fleet.pool import Figures, Pool
from vvcli.fleet.session_run import SessionRun
from vvcli.samples import MAX_CHUNK_SAMPLES, SAMPLE_RATE
from vvcli.script.feed import Feed, seconds_ahead
from vvcli.script.record import Record
from vvcli.speech.run import PendingChunk

QUEUE_PER_STREAM = 2  # records a worker has: those it speaks, and as many that wait for a slot


class ManyFleet:
    """The workers of a pool, which this owns from now on.

    Those that are started are ready, and the others are lost.

    Args:
        pool: the workers.
        max_ahead: seconds; see `seconds_ahead`.
        threads: with which each worker encodes files, at most.
    """

    def __init__(self, pool: Pool, max_ahead: float | None, threads: int = 1) -> None:
        self.pool = pool
        self._threads = threads
        self._shared = ClosablePool(pool)  # with whoever closes it during a run
        self.workers = len(pool.names)
        self.streams = pool.streams
        self._max_ahead = seconds_ahead(max_ahead, self.streams * self.workers) * SAMPLE_RATE
        self._up = set(pool.started)
        self._lost = set(range(self.workers)) - self._up
        self._runs = 0
        self._figures: list[Figures] = []
        self._clipped = 0  # in earlier runs, by workers that have died

    @property
    def clipped(self) -> int:
        """Samples of int16 that were cut off at full scale."""
        return self._clipped + sum(each.clipped + each.clipped_before for each in self._figures)

    @property
    def active(self) -> int:
        """Streams that are being spoken now."""
        return sum(each.active for each in self._figures)

    def stream(self, records: Iterable[Record]) -> Generator[PendingChunk, None, None]:
        """The chunks of `records`, in order."""
        streams = self.streams * self.workers
        feed = Feed(records, depth=QUEUE_PER_STREAM * streams, notify=self.pool.wake)
        # What workers hold back is at most half of what may be made ahead.
        hold = min(MAX_CHUNK_SAMPLES, self._max_ahead / (2 * streams))
        run = StreamRun(*self._begin({"hold": hold}), feed=feed, max_ahead=self._max_ahead)

        def wake() -> None:
            feed.close()
            self.pool.wake()

        return run_ahead(run.chunks(), self._max_ahead, wake)

    def make(
        self,
        steps: Iterator[JobStep],
        runner: Runner,
        stops: Callable[[ManifestEntry], bool] = goes_on,
    ) -> Events:
        """Make the files of `steps`, as `runner` would by itself; see `FilesRun.events`."""
        settings = FileSettings(
            folder=str(runner.folder.path.absolute()),
            tag=runner.folder.tag,
            file_format=runner.file_format,
            seed=runner.seed,
            max_ahead=self._max_ahead / self.workers,
            threads=self._threads,
        )
        common = self._begin(asdict(settings), longest_first=True)
        return FilesRun(*common, steps=steps, runner=runner, stops=stops).events()

    def begin_sessions(self) -> SessionRun:
        """A run of live sessions, which has begun; nothing else runs until it is stopped."""
        run = SessionRun(*self._begin({"sessions": True}))
        run.begin()
        return run

    def report(self) -> list[dict[str, Any]]:
        """The figures of each worker in the latest run."""
        return [each.to_dict() for each in self._figures]

    def close(self) -> None:
        """End the workers; a run that is not at its end raises RuntimeError where it goes on."""
        self._shared.close()

    def _begin(self, settings: Plain, *, longest_first: bool = False) -> tuple[Any, ...]:
        """What a run needs to begin, with new figures."""
        self._runs += 1
        self._clipped += sum(each.clipped_before for each in self._figures)
        before = [each.clipped for each in self._figures] or [0] * self.workers
        self._figures = [Figures(name, time.monotonic()) for name in self.pool.names]
        for each, clipped in zip(self._figures, before, strict=True):
            each.clipped = clipped
        queue = QUEUE_PER_STREAM * self.streams
        dispatcher = Dispatcher(self.workers, queue, longest_first=longest_first, lost=self._lost)
        return self._shared, self._up, self._runs, settings, dispatcher, self._figures
