"""Starting the workers of a pool, whatever they are made of."""

from __future__ import annotations

import math

import pytest

from tests.fleet.fakes import FakePool
from vvcli.errors import UnavailableError, UsageError
from vvcli.fleet import pool as pool_module
from vvcli.fleet.channel import Message
from vvcli.fleet.closable import ClosablePool
from vvcli.fleet.pool import plain_error, start_all


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
        assert self.begun == [0, 1]
        self.seconds.append(seconds)
        return next(self._waits)


def test_facts_are_those_of_each_worker() -> None:
    pool = StartingPool([(1, ["ready", {"streams": 4}])], [], [(0, ["ready", {"streams": 3}])])
    assert start_all(pool) == {0: {"streams": 3}, 1: {"streams": 4}}


def test_a_worker_that_refuses_or_dies_ends_the_start() -> None:
    ready: tuple[int, Message] = (0, ["ready", {}])
    refused = ["refused", *plain_error(UsageError("so not"))]
    with pytest.raises(UsageError, match="so not"):
        start_all(StartingPool([ready], [(1, refused)]))
    with pytest.raises(UnavailableError, match="worker fake 1 was killed by SIGKILL"):
        start_all(StartingPool([ready, (1, ["died", "was killed by SIGKILL"])]))


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
