"""Reads records in the background, so that work goes on while the next line is awaited."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from contextlib import suppress

from vvcli.script.record import Record

END = None


class Feed:
    """Pulls records from `source` in a thread of its own, at most `depth` ahead.

    An error of the source is raised where its record would have been.
    """

    def __init__(self, source: Iterable[Record], depth: int) -> None:
        self._source = source
        self._queue: queue.Queue[Record | BaseException | None] = queue.Queue(depth)
        self._closed = threading.Event()
        self.ended = False
        # A daemon: a reader blocked on a silent pipe must not keep the process alive.
        threading.Thread(target=self._pull, name="feed", daemon=True).start()

    def get(self, *, wait: bool) -> Record | None:
        """The next record; none if the source has ended, or has none yet and `wait` is false."""
        if self.ended or self._closed.is_set():
            self.ended = True
            return None
        try:
            item = self._queue.get(block=wait)
        except queue.Empty:
            return None
        if isinstance(item, Record):
            return item
        self.ended = True
        if item is not END:
            raise item
        return None

    def close(self) -> None:
        """Let the thread end at its next record, and whoever waits in `get` return."""
        self._closed.set()
        while not self._queue.empty():  # it may be waiting for room
            self._queue.get_nowait()
        with suppress(queue.Full):
            self._queue.put_nowait(END)

    def _pull(self) -> None:
        last: BaseException | None = END
        try:
            for record in self._source:
                self._offer(record)
                if self._closed.is_set():
                    return
        except BaseException as error:  # whatever it is, `get` waits for it
            last = error
        self._offer(last)

    def _offer(self, item: Record | BaseException | None) -> None:
        """Queue `item` as soon as there is room, or not at all once the feed is closed."""
        while not self._closed.is_set():
            with suppress(queue.Full):
                self._queue.put(item, timeout=1)
                return
