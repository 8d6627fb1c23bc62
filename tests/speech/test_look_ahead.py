"""A generator in a thread of its own gives the same items, is bounded, and can be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial

import pytest

from tests.interruptions import interrupt_everywhere
from vvcli.speech.look_ahead import look_ahead


def ahead(
    items: Generator[int, None, None], max_size: int = 3, wake: Callable[[], None] = lambda: None
) -> Generator[int, None, None]:
    return look_ahead(items, lambda _: 1, max_size, wake)


class Source:
    """Counts up, and tells how far it came and whether it was closed."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.made = 0
        self.closed_in: threading.Thread | None = None

    def items(self) -> Generator[int, None, None]:
        try:
            while self.made < self.length:
                self.made += 1
                yield self.made
        finally:
            self.closed_in = threading.current_thread()


def test_all_items_come_in_order() -> None:
    source = Source(1000)
    assert list(ahead(source.items())) == list(range(1, 1001))
    assert source.closed_in is not threading.main_thread()


def test_it_runs_ahead_but_no_further_than_told() -> None:
    source = Source(1000)
    with closing(ahead(source.items(), max_size=3)) as items:
        assert next(items) == 1
        deadline = time.monotonic() + 20
        while source.made < 5 and time.monotonic() < deadline:
            time.sleep(0.001)
        # Three may be held; the one that exceeds them is made before the source waits.
        assert source.made == 5
        time.sleep(0.02)
        assert source.made == 5


def test_an_error_comes_after_the_items_before_it() -> None:
    def broken() -> Generator[int, None, None]:
        yield 1
        yield 2
        raise OSError("no more")

    items = ahead(broken(), max_size=100)
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(OSError, match="no more"):
        next(items)


def test_closing_ends_a_source_that_waits() -> None:
    woken = threading.Event()

    def waiting() -> Generator[int, None, None]:
        try:
            yield 1
            woken.wait()
        finally:
            closed.set()

    closed = threading.Event()
    items = ahead(waiting(), wake=woken.set)
    assert next(items) == 1
    items.close()
    assert closed.is_set()


def test_closing_ends_a_source_that_is_held_up() -> None:
    source = Source(1000)
    items = ahead(source.items(), max_size=1)
    next(items)
    items.close()
    assert source.closed_in is not None
    assert source.made < 1000


def test_an_interruption_at_any_moment_leaves_nobody_waiting() -> None:
    """Held up or not: an exception of a signal in a condition's code left its lock taken."""

    def begun(max_size: int) -> Generator[int, None, None]:
        items = ahead(Source(50).items(), max_size)
        next(items)
        return items

    def use(items: Generator[int, None, None]) -> None:
        assert [next(items) for _ in range(2)] == [2, 3]

    for max_size in (1, 1000):
        make = partial(begun, max_size)
        assert interrupt_everywhere(make, use, lambda items: items.close())
