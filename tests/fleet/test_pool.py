"""Starting the workers of a pool, whatever they are made of."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.fleet.fakes import FakePool
from vvcli.errors import UnavailableError, UsageError
from vvcli.fleet import pool as pool_module
from vvcli.fleet.channel import Message
from vvcli.fleet.closable import ClosablePool
from vvcli.fleet.dispatcher import MAX_RESTARTS
from vvcli.fleet.many import ManyFleet
from vvcli.fleet.pool import plain_error, start_all
from vvcli.script.record import Record


class StartingPool(FakePool):
    """Says what a test wants, once all workers were started."""

    def __init__(self, *waits: list[tuple[int, Message]]) -> None:
        super().__init__(2, lambda n: 0)
        self.begun: list[int] = []
        self.seconds: list[float | None] = []
        self._waits = iter(waits)

    @property
    def started(self) -> list[int]:
        return self.begun

    def start(self, worker: int) -> None:
        self.begun.append(worker)

    def wait(self, seconds: float | None = None) -> list[tuple[int, Message]]:
        assert self.begun[:2] == [0, 1]
        self.seconds.append(seconds)
        return next(self._waits)


class LostPool(FakePool):
    """Its second worker is not there, and cannot be started."""

    def __init__(self, *others: Any) -> None:
        super().__init__(*others)
        self.workers[1].up = False

    def start(self, worker: int) -> None:
        raise AssertionError(worker)


def test_facts_are_those_of_each_worker() -> None:
    pool = StartingPool([(1, ["ready", {"streams": 4}])], [], [(0, ["ready", {"streams": 3}])])
    assert start_all(pool) == {0: {"streams": 3}, 1: {"streams": 4}}


def test_a_worker_that_refuses_or_says_why_it_dies_ends_the_start() -> None:
    ready: tuple[int, Message] = (0, ["ready", {}])
    refused = ["refused", *plain_error(UsageError("so not"))]
    with pytest.raises(UsageError, match="so not"):
        start_all(StartingPool([ready], [(1, refused)]))
    crashed: Message = ["crashed", "ImportError: no", None]
    with pytest.raises(UnavailableError, match="worker fake 1 failed: ImportError: no"):
        start_all(StartingPool([ready, (1, crashed)], [(1, ["died", "failed: ImportError: no"])]))


KILLED: Message = ["died", "was killed by SIGKILL"]


def test_a_worker_that_dies_while_it_loads_is_started_again() -> None:
    ready: Message = ["ready", {"streams": 2}]
    pool = StartingPool([(1, KILLED), (0, ready)], [(1, ready), (0, KILLED)], [(0, ready)])
    assert start_all(pool) == {0: {"streams": 2}, 1: {"streams": 2}}
    assert pool.begun == [0, 1, 1, 0]


def test_one_that_always_dies_is_gone_on_without(caplog: pytest.LogCaptureFixture) -> None:
    pool = StartingPool(*[[(1, KILLED)]] * (MAX_RESTARTS + 1), [(0, ["ready", {}])])
    assert start_all(pool) == {0: {}}
    assert pool.begun == [0, 1, *[1] * MAX_RESTARTS]
    assert caplog.messages == [
        *["worker fake 1 was killed by SIGKILL: it is started again"] * MAX_RESTARTS,
        "worker fake 1 was killed by SIGKILL: the others go on without it",
    ]


def test_one_that_is_lost_at_the_start_is_in_no_run() -> None:
    pool = LostPool(2, lambda n: 0)
    fleet = ManyFleet(pool, max_ahead=None)
    for _ in range(2):
        assert len(list(fleet.stream([Record(n, "text") for n in range(4)]))) >= 4
    assert [each["records"] for each in fleet.report()] == [4, 0]


def test_where_all_die_none_is_left() -> None:
    waits = [[(0, KILLED), (1, KILLED)]] * (MAX_RESTARTS + 1)
    with pytest.raises(UnavailableError, match="no worker is left: fake 1 was killed by SIGKILL"):
        start_all(StartingPool(*waits))


@pytest.mark.parametrize("patience", [0.0, math.inf])
def test_those_that_are_late_are_told_of_once(
    monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    monkeypatch.setattr(pool_module, "PATIENCE", patience)
    late: list[int] = []
    pool = StartingPool([], [(1, ["ready", {}])], [], [(0, ["ready", {}])])
    start_all(pool, late.append)
    assert late == ([] if patience else [2])
    assert len(pool.seconds) == 4


def test_a_worker_is_not_started_twice() -> None:
    pool = StartingPool()
    pool.begun = [1]
    closable = ClosablePool(pool)
    for worker in (1, 0, 0, 1):
        closable.start(worker)
    assert pool.begun == [1, 0]
