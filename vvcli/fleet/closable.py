"""A pool that any thread may close while another one uses it."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Any

from vvcli.fleet.channel import Message
from vvcli.fleet.pool import Pool, PoolClosedError
from vvcli.samples import Samples, SampleType


class ClosablePool:
    """See `Pool`. A run that still goes on after `close` gets a PoolClosedError, and never waits.

    Args:
        pool: used by one thread at a time, which closes it, too.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._closed = False

    @property
    def names(self) -> list[str]:
        """What the workers are called."""
        return self._pool.names

    @property
    def sample_type(self) -> SampleType:
        """The type of the audio."""
        return self._pool.sample_type

    @property
    def streams(self) -> int:
        """Records that each worker speaks at the same time."""
        return self._pool.streams

    @property
    def started(self) -> Collection[int]:
        """Workers that were started and have not died, ready or not."""
        return self._pool.started

    def start(self, worker: int) -> None:
        """Start a worker, unless it is among `started`: since the end of the run before, say."""
        with self._lock:
            self._check_open()
            if worker not in self._pool.started:
                self._pool.start(worker)

    def kill(self, worker: int) -> None:
        """End a worker at once; nothing more comes of it. After `close` it is gone for certain."""
        with self._lock:
            self._pool.kill(worker)

    def send(self, worker: int, *message: Any) -> None:
        """Send a message of plain values; to a dead worker nothing."""
        with self._lock:
            if not self._closed:
                self._pool.send(worker, *message)

    def wait(self, seconds: float | None = None) -> list[tuple[int, Message]]:
        """Wait for messages, or for `wake`; with the workers they come from."""
        with self._lock:
            self._check_open()
            return self._pool.wait(seconds)

    def read(
        self, worker: int, position: int, length: int, sample_type: SampleType | None = None
    ) -> Samples:
        """The samples that a `chunk` message of the worker names; to be called for each, once."""
        with self._lock:
            self._check_open()
            return self._pool.read(worker, position, length, sample_type)

    def wake(self) -> None:
        """End `wait`, from any thread."""
        self._pool.wake()

    def close(self) -> None:
        """End all workers, from any thread; again it does nothing."""
        self._closed = True
        self._pool.wake()  # before the lock, which `wait` holds
        with self._lock:
            self._pool.close()

    def _check_open(self) -> None:
        if self._closed:
            raise PoolClosedError("this Synthesizer is closed: make another")
