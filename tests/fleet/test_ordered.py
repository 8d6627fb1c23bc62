"""A stream of records through workers that speak in any order, and die: order and audio stay."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.fakes import FakePool, audio
from vvcli.errors import UnavailableError
from vvcli.fleet.dispatcher import MAX_RESTARTS, Dispatcher
from vvcli.fleet.ordered import StreamRun
from vvcli.fleet.pool import Figures
from vvcli.script.feed import Feed
from vvcli.script.record import Record
from vvcli.speech.run import PendingChunk
from vvcli.speech.values import Status


def start(pool: FakePool, records: list[Record], max_ahead: float = 1e9) -> StreamRun:
    workers = len(pool.names)
    feed = Feed(records, depth=len(records) + 1)
    while feed._queue.qsize() <= len(records):  # so that what is done does not depend on threads
        time.sleep(0)
    figures = [Figures(name, 0.0) for name in pool.names]
    dispatcher = Dispatcher(workers, 2 * pool.streams)
    up = set(range(workers))
    return StreamRun(pool, up, 1, {}, dispatcher, figures, feed=feed, max_ahead=max_ahead)


def records_of(lengths: list[int]) -> list[Record]:
    return [Record(index, "x" * length) for index, length in enumerate(lengths)]


LENGTHS = st.lists(st.integers(0, 12), max_size=25)


@pytest.mark.slow
@given(LENGTHS, st.integers(1, 4), st.integers(0, 3), st.sampled_from([0, 20, 1e9]), st.data())
def test_the_stream_is_the_same_whoever_speaks_and_dies(
    lengths: list[int], workers: int, deaths: int, max_ahead: float, data: st.DataObject
) -> None:
    records = records_of(lengths)
    pool = FakePool(workers, lambda n: data.draw(st.integers(0, n - 1)), deaths=min(deaths, 1))
    run = start(pool, records, max_ahead)
    chunks = list(run.chunks())
    ends = [chunk for chunk in chunks if chunk.status is not None]
    assert [chunk.record for chunk in ends] == records
    assert [chunk.record.index for chunk in chunks] == sorted(c.record.index for c in chunks)
    assert all(chunk.status is Status.OK and chunk.error is None for chunk in ends)
    for record in records:
        assert samples(chunks, record.index) == audio(record).tolist()
    assert sum(figures.records for figures in run.figures) == len(records)
    assert sum(figures.restarts for figures in run.figures) <= 1
    assert not any(worker.tickets for worker in pool.workers)


def samples(chunks: list[PendingChunk], index: int) -> list[int]:
    mine = [c.join().samples for c in chunks if c.record.index == index]
    return [int(value) for value in np.concatenate(mine)]


@pytest.mark.slow
@given(st.lists(st.integers(1, 12), min_size=1, max_size=12), st.data())
def test_a_record_that_kills_its_workers_fails_with_a_sentence(
    lengths: list[int], data: st.DataObject
) -> None:
    records = records_of(lengths)
    bad = data.draw(st.integers(0, len(records) - 1))
    pool = FakePool(3, lambda n: data.draw(st.integers(0, n - 1)))
    pool.poison = {bad}
    chunks = list(start(pool, records).chunks())
    ends = [chunk for chunk in chunks if chunk.status is not None]
    assert [chunk.record for chunk in ends] == records
    for chunk in ends:
        if chunk.record.index == bad:
            assert chunk.status is Status.FAILED
            assert chunk.error == f"record {bad}: two workers died while they spoke it"
        else:
            assert chunk.status is Status.OK
            assert samples(chunks, chunk.record.index) == audio(chunk.record).tolist()


@pytest.mark.slow
@given(LENGTHS, st.integers(1, 4), st.integers(0, 40), st.data())
def test_what_waits_for_the_head_is_bounded(
    lengths: list[int], workers: int, max_ahead: int, data: st.DataObject
) -> None:
    """Nothing is handed out while more waits; only what a worker has can come on top of it."""
    pool = FakePool(workers, lambda n: data.draw(st.integers(0, n - 1)))
    run = start(pool, records_of(lengths), max_ahead)
    take = pool.send
    handed: list[float] = []

    def send(worker: int, *message: object) -> None:
        if message[0] == "take":
            handed.append(run._order.waiting)
        take(worker, *message)

    pool.send = send  # type: ignore[method-assign]
    list(run.chunks())
    assert len(handed) == len(lengths)
    assert max(handed, default=0) <= max_ahead


def test_workers_may_start_what_waits_only_while_there_is_room() -> None:
    choices = iter([1, 0, 6, 0, 0, 3])
    pool = FakePool(2, lambda n: min(next(choices, 0), n - 1))
    run = start(pool, records_of([5, 5]), max_ahead=2)
    chunks = run.chunks()
    first = next(chunks)
    assert first.record.index == 0
    assert pool.heads[0] == 0
    admits = [worker.admit for worker in pool.workers]
    assert admits.count(True) == 1  # the one with the head
    list(chunks)


def test_all_workers_dead_is_said() -> None:
    pool = FakePool(1, lambda n: 0)
    pool.poison = set(range(40))
    with pytest.raises(UnavailableError, match="no worker is left: fake 0 was killed by SIGKILL"):
        list(start(pool, records_of([3] * 40)).chunks())


def test_a_worker_that_keeps_dying_is_given_up_and_that_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pool = FakePool(2, lambda n: 0)
    run = start(pool, records_of([1] * 9))
    run.begin()
    for _ in range(MAX_RESTARTS + 1):
        pool.workers[0].up = False
        run._take(0, ["died", "ended with status 1"])
    assert caplog.messages == [
        *["worker fake 0 ended with status 1: it is started again"] * MAX_RESTARTS,
        "worker fake 0 ended with status 1: the others go on without it",
    ]
    assert run.figures[0].restarts == MAX_RESTARTS
