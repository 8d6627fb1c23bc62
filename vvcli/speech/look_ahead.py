"""A generator in a thread of its own: chunks are made while others are written."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
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
