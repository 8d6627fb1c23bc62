"""Reads records in a thread of its own, ahead of whoever takes them."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from vvcli.script.record import Record

_END = None

# Records read and not handed out. The seconds that may be made ahead do not bound blank and failed
# records, which would be read without end, and before the next frame, for as long as the input has
# more.
RECORDS_AHEAD = 8192

AHEAD_AT_LEAST, AHEAD_PER_STREAM = 600.0, 30.0  # seconds


def seconds_ahead(max_ahead: float | None, streams: int) -> float:
    """Seconds made ahead of the record that is handed out, by so many `streams` in all."""
    return max(AHEAD_AT_LEAST, AHEAD_PER_STREAM * streams) if max_ahead is None else max_ahead


class Feed:
    """Pulls records from `source` in a thread of its own, at most `depth` ahead.

    An error of the source is raised where its record would have been. `notify` is called, in that
    thread, whenever `get` has something new to return.
    """

    def __init__(
        self,
        source: Iterable[Record],
        depth: int,
        notify: Callable[[], None] = lambda: None,
    ) -> None:
        self._source = source
        self._notify = notify
        self._queue: queue.SimpleQueue[Record | BaseException | None] = queue.SimpleQueue()
        # No semaphore: in its Python code a signal that raises would leave its lock held.
        self._room: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(depth):
            self._room.put(None)
        self._closed = False
        self.ended = False
        # A daemon: a reader blocked on a silent pipe must not keep the process alive.
        threading.Thread(target=self._pull, name="feed", daemon=True).start()

    def get(self, *, wait: bool) -> Record | None:
        """The next record; none if the source has ended, or has none yet and `wait` is false."""
        if self._closed:
            self.ended = True
        if self.ended:
            return None
        try:
            item = self._queue.get(block=wait)
        except queue.Empty:
            return None
        if isinstance(item, Record):
            self._room.put(None)
            return item
        self.ended = True
        if item is not _END:
            raise item
        return None

    @property
    def closed(self) -> bool:
        """Whether nothing more is wanted."""
        return self._closed

    def close(self) -> None:
        """End the thread at its next record, and every wait in `get`."""
        self._closed = True
        self._room.put(None)
        self._queue.put(_END)

    def _pull(self) -> None:
        last: BaseException | None = _END
        try:
            for record in self._source:
                self._room.get()
                if self._closed:
                    return
                self._queue.put(record)
                self._notify()
        except BaseException as error:  # whatever it is, `get` waits for it
            last = error
        self._queue.put(last)
        self._notify()


class Bell:
    """Rung in one thread, it ends a `poll` of another one.

    Attributes:
        descriptor: can be read from `ring` on, until `quiet`.
    """

    def __init__(self) -> None:
        self.descriptor, self._end = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self._end, False)
        self._lock = threading.Lock()
        self._closed = False

    def ring(self) -> None:
        """Make the descriptor readable; after `close` nothing."""
        with self._lock, suppress(BlockingIOError):  # full of rings
            if not self._closed:
                os.write(self._end, b"!")

    def quiet(self) -> None:
        """Forget all rings so far. Look for what was rung for afterwards, or it is missed."""
        with suppress(BlockingIOError):
            while os.read(self.descriptor, 4096):
                pass

    def close(self) -> None:
        """Give the descriptors back."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self.descriptor)
                os.close(self._end)
