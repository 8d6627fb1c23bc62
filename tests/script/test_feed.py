from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.interruptions import interrupt_everywhere
from vvcli.script.feed import Bell, Feed
from vvcli.script.record import Record
from vvcli.script.sources import is_readable

PATIENCE = 60


def record(index: int) -> Record:
    return Record(index, f"line {index}")


def all_of(feed: Feed) -> list[Record]:
    return list(iter(lambda: feed.get(wait=True), None))


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "feed"}


@given(st.integers(0, 20), st.integers(1, 5))
def test_records_come_in_order(count: int, depth: int) -> None:
    feed = Feed(map(record, range(count)), depth)
    assert all_of(feed) == [record(index) for index in range(count)]
    assert feed.ended
    assert feed.get(wait=True) is None


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt(), SystemExit(3)])
def test_an_error_comes_in_its_place(error: BaseException) -> None:
    def source() -> Iterator[Record]:
        yield record(0)
        yield record(1)
        raise error

    feed = Feed(source(), 8)
    assert [feed.get(wait=True), feed.get(wait=True)] == [record(0), record(1)]
    with pytest.raises(type(error)) as raised:
        feed.get(wait=True)
    assert raised.value is error
    assert feed.ended
    assert feed.get(wait=True) is None


def test_without_waiting_there_is_what_there_is() -> None:
    go = threading.Event()

    def source() -> Iterator[Record]:
        assert go.wait(PATIENCE)
        yield record(0)

    feed = Feed(source(), 2)
    assert feed.get(wait=False) is None
    assert not feed.ended
    go.set()
    assert feed.get(wait=True) == record(0)
    assert feed.get(wait=True) is None


def test_an_endless_source_is_read_a_little_ahead() -> None:
    pulled = []
    third = threading.Event()

    def source() -> Iterator[Record]:
        for index in itertools.count():
            pulled.append(index)
            if index == 2:
                third.set()
            yield record(index)

    before = threads()
    feed = Feed(source(), 2)
    (thread,) = threads() - before
    assert third.wait(PATIENCE)  # two wait in the queue, the third in the thread's hands
    thread.join(0.1)
    assert pulled == [0, 1, 2]
    assert feed.get(wait=True) == record(0)
    feed.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert len(pulled) <= 5
    assert feed.get(wait=True) is None


@given(st.integers(1, 4), st.integers(0, 6), st.integers(0, 8))
def test_closing_at_any_moment_ends_the_thread(depth: int, taken: int, count: int) -> None:
    before = threads()
    feed = Feed(map(record, range(count)), depth)
    started = threads() - before
    for _ in range(taken):
        feed.get(wait=True)
    feed.close()
    feed.close()
    for thread in started:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_closing_does_not_wait_for_a_source_that_blocks() -> None:
    go = threading.Event()

    def source() -> Iterator[Record]:
        go.wait(PATIENCE)
        yield record(0)

    before = threads()
    feed = Feed(source(), 1)
    (thread,) = threads() - before
    feed.close()
    assert thread.is_alive()
    assert thread.daemon  # so that it cannot hold up the end of the process either
    assert feed.get(wait=True) is None
    go.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_bell_rings_until_it_is_quiet() -> None:
    bell = Bell()
    assert not is_readable(bell.descriptor, 0)
    for _ in range(1 << 17):  # more than any pipe holds, and it does not wait
        bell.ring()
    assert is_readable(bell.descriptor, 0)
    bell.quiet()
    assert not is_readable(bell.descriptor, 0)
    bell.ring()
    assert is_readable(bell.descriptor, 0)
    bell.close()
    bell.close()
    bell.ring()


def test_a_bell_ends_a_wait_in_another_thread() -> None:
    bell = Bell()
    heard: list[bool] = []
    thread = threading.Thread(
        target=lambda: heard.append(is_readable(bell.descriptor, 1000 * PATIENCE))
    )
    thread.start()
    bell.ring()
    thread.join(PATIENCE)
    assert heard == [True]
    bell.close()


def test_an_interruption_at_any_moment_lets_it_be_closed() -> None:
    """As that of a signal, which left the lock of a semaphore taken."""

    def use(feed: Feed) -> None:
        for _ in range(3):
            assert feed.get(wait=True)

    def make() -> Feed:
        return Feed(map(record, range(50)), 2)

    assert interrupt_everywhere(make, use, lambda feed: feed.close())
