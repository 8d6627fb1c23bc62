"""A worker: an engine and its loop, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Protocol

from vvcli.script.record import Record
from vvcli.speech.order import Order
from vvcli.speech.run import OrderedRun, PendingChunk
from vvcli.speech.speaker import Speaker

# Records read and not handed out. The seconds that may be made ahead do not bound blank and failed
# records, which would be read without end, and before the next frame, for as long as the input has
# more.
RECORDS_AHEAD = 8192


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
