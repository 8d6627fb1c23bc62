"""A worker: an engine and its loop, wherever it runs; and the fleet of one in this process."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import Any, Protocol

from vvcli.batch.entry import ManifestEntry
from vvcli.batch.resume import JobStep
from vvcli.batch.runner import Events, Runner
from vvcli.fleet.cores import available
from vvcli.fleet.fleet import goes_on, run_ahead
from vvcli.samples import SAMPLE_RATE
from vvcli.script.feed import RECORDS_AHEAD, Feed, seconds_ahead
from vvcli.script.record import Record
from vvcli.speech.order import Order
from vvcli.speech.run import OrderedRun, PendingChunk
from vvcli.speech.speaker import Speaker


class Source(Protocol):
    """Where a worker takes records from."""

    @property
    def ended(self) -> bool:
        """Whether there are no more."""

    def get(self, *, wait: bool) -> Record | None:
        """The next record; none if there is none yet and `wait` is false, or none will come."""

    def close(self) -> None:
        """No more are asked for."""


class Worker:
    """Speaks records that it takes from a source, as many at a time as its engine has slots."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker

    @property
    def spares_processors(self) -> bool:
        """Whether other threads have processors while it speaks: on a CPU the steps need all."""
        return self.speaker.device.type == "cuda"

    def speak(self, source: Source, max_ahead: float) -> Generator[PendingChunk, None, None]:
        """The chunks of the records of `source`, in order.

        Args:
            source: closed at the end.
            max_ahead: samples made and not handed out, beyond which no further record is started.
        """
        with closing(self.steps(source, lambda run: run.ahead <= max_ahead)) as steps:
            for ready in steps:
                yield from ready

    def steps(
        self,
        source: Source,
        admits: Callable[[OrderedRun], bool],
        order: Order | None = None,
        on_made: Callable[[int], None] | None = None,
    ) -> Generator[Iterator[PendingChunk], None, None]:
        """What is ready after each step of the engine, until all records are spoken.

        Args:
            source: closed at the end.
            admits: whether a waiting record may be started; asked before each step.
            order, on_made: see `OrderedRun`.
        """
        engine, streams = self.speaker.engine, self.speaker.streams
        speaker = self.speaker
        retries = speaker.retries
        run = OrderedRun(engine, speaker.record_streams, order, on_made, retries=retries)
        try:
            while True:
                while engine.waiting < streams and run.records < RECORDS_AHEAD:
                    if run.idle:  # and so the next line may be long in coming
                        yield run.ready()
                    record = source.get(wait=run.idle)
                    if record is None:
                        break
                    run.start(record)
                if source.ended and run.idle:
                    yield run.ready()
                    return
                run.step(admit=admits(run))
                yield run.ready()
        finally:
            source.close()
            run.cancel()


class LocalFleet:
    """One worker, in this process."""

    workers = 1

    def __init__(self, worker: Worker, max_ahead: float | None) -> None:
        self.worker = worker
        self.streams = worker.speaker.streams
        self._engine = worker.speaker.engine
        self._max_ahead = seconds_ahead(max_ahead, self.streams) * SAMPLE_RATE
        self._runs_ahead = worker.spares_processors

    @property
    def clipped(self) -> int:
        """Samples of int16 that were cut off at full scale."""
        return self._engine.clipped

    @property
    def active(self) -> int:
        """Streams that are being spoken now."""
        return self._engine.running

    def stream(self, records: Iterable[Record]) -> Generator[PendingChunk, None, None]:
        """The chunks of `records`, in order."""
        feed = Feed(records, depth=2 * self.streams)
        pending = self.worker.speak(feed, self._max_ahead)
        if self._runs_ahead:
            # While audio is joined, encoded and written, the next steps are already on their way.
            return run_ahead(pending, self._max_ahead, feed.close)
        return pending

    def make(
        self,
        steps: Iterator[JobStep],
        runner: Runner,
        stops: Callable[[ManifestEntry], bool] = goes_on,
    ) -> Events:
        """Make the files of `steps` with `runner`; see `Runner.make`."""
        # Records are read ahead of the files that are written; the steps between are kept.
        ahead, steps = itertools.tee(steps)
        records = (record for step in ahead for record in step.job.records)
        chunks = self.stream(records)
        joined = (chunk.join() for chunk in chunks)
        threads = len(available()) if self.worker.spares_processors else 1
        with (
            closing(chunks),
            closing(runner.make(steps, joined, threads)) as events,
        ):
            for event in events:
                yield event
                if isinstance(event, ManifestEntry) and stops(event):
                    return

    def report(self) -> list[dict[str, Any]]:
        """Nothing: the figures of the run are those of its worker."""
        return []

    def close(self) -> None:
        """Nothing is left running."""
