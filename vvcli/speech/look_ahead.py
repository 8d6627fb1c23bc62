"""Threads that work ahead: records are read, and chunks made, while others are written.

They meet at `SimpleQueue` alone. A signal may raise an exception in the main thread at any moment;
in the Python code of a condition or a semaphore, that leaves its lock held for good, and whoever
cleans up, or the other thread, waits for it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


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
    made: queue.SimpleQueue[Item | _End] = queue.SimpleQueue()
    taken: queue.SimpleQueue[int | None] = queue.SimpleQueue()  # sizes; none is the last

    def run() -> None:
        held = 0
        error: BaseException | None = None
        try:
            for item in items:
                made.put(item)
                held += size(item)
                while held > max_size or not taken.empty():
                    if (freed := taken.get()) is None:
                        return
                    held -= freed
        except BaseException as raised:  # raised again in the consumer
            error = raised
        finally:
            try:
                items.close()
            except BaseException as raised:
                error = error or raised
            made.put(_End(error))

    # A daemon: where `wake` does not help, the process can still end.
    thread = threading.Thread(target=run, name="look-ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := made.get(), _End):
            taken.put(size(item))
            yield item
        if item.error is not None:
            raise item.error
    finally:
        taken.put(None)
        wake()
        thread.join()


@dataclass
class _End:
    """Stands after the last item."""

    error: BaseException | None
