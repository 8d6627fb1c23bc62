"""Reads records in the background, so that work goes on while the next line is awaited."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable

from vvcli.script.record import Record

END = None


class Feed:
    """Pulls records from `source` in a thread of its own, at most `depth` ahead.

    An error of the source is raised where its record would have been.
    """

    def __init__(self, source: Iterable[Record], depth: int) -> None:
        self._source = source
        self._queue: queue.SimpleQueue[Record | BaseException | None] = queue.SimpleQueue()
        self._room = threading.Semaphore(depth)
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
            self._room.release()
            return item
        self.ended = True
        if item is not END:
            raise item
        return None

    def close(self) -> None:
        """Let the thread end at its next record, and whoever waits in `get` return."""
        self._closed = True
        self._room.release()
        self._queue.put(END)

    def _pull(self) -> None:
        last: BaseException | None = END
        try:
            for record in self._source:
                self._room.acquire()
                if self._closed:
                    return
                self._queue.put(record)
        except BaseException as error:  # whatever it is, `get` waits for it
            last = error
        self._queue.put(last)
