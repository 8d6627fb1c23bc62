"""Threads that work ahead: records are read, and chunks made, while others are written."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from vvcli.script.record import Record

Item = TypeVar("Item")

_END = None


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
        self._room.release()
        self._queue.put(_END)

    def _pull(self) -> None:
        last: BaseException | None = _END
        try:
            for record in self._source:
                self._room.acquire()
                if self._closed:
                    return
                self._queue.put(record)
                self._notify()
        except BaseException as error:  # whatever it is, `get` waits for it
            last = error
        self._queue.put(last)
        self._notify()


def look_ahead(
    items: Generator[Item, None, None],
    size: Callable[[Item], int],
    max_size: int,
    wake: Callable[[], None],
) -> Generator[Item, None, None]:
    """The same items in the same order, made ahead until more than `max_size` is waiting.

    An error of `items` is raised after the items before it. When this generator is closed, `wake`
    is called, and must end whatever `items` waits for; `items` is closed, in its thread, before
    this returns.
    """
    changed = threading.Condition()
    made: deque[Item] = deque()
    held = 0
    stopped = ended = False
    error: BaseException | None = None

    def has_room() -> bool:
        return stopped or held <= max_size

    def run() -> None:
        nonlocal held, ended, error
        try:
            for item in items:
                with changed:
                    made.append(item)
                    held += size(item)
                    changed.notify_all()
                    changed.wait_for(has_room)
                    if stopped:
                        break
            items.close()
        except BaseException as raised:  # raised again in the consumer
            error = raised
        with changed:
            ended = True
            changed.notify_all()

    # A daemon: where `wake` does not help, the process can still end.
    thread = threading.Thread(target=run, name="look-ahead", daemon=True)
    thread.start()
    try:
        while True:
            with changed:
                changed.wait_for(lambda: made or ended)
                if not made:
                    break
                item = made.popleft()
                held -= size(item)
                changed.notify_all()
            yield item
        if error is not None:
            raise error
    finally:
        with changed:
            stopped = True
            changed.notify_all()
        wake()
        thread.join()
