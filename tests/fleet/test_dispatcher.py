"""The dispatcher with fake workers that speak, die and come back late, in any order."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from vvcli.fleet.dispatcher import MAX_RESTARTS, Dispatcher


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens when: no ticket is lost, none counts twice, no queue is too long."""

    workers, queue, longest_first = 3, 4, False

    def __init__(self) -> None:
        super().__init__()
        self.dispatcher = Dispatcher(self.workers, self.queue, longest_first=self.longest_first)
        self.records: dict[int, int] = {}
        self.ended: set[int] = set()
        self.has: list[dict[int, int]] = [{} for _ in range(self.workers)]  # records unmade
        self.late: list[tuple[int, int]] = []  # what dead workers had
        self.up = [False] * self.workers
        self.deaths = [0] * self.workers
        self.first_time: list[int] = []

    @rule(records=st.integers(1, 3), length=st.integers(0, 5))
    def add(self, records: int, length: int) -> None:
        ticket = self.dispatcher.add(records=records, length=length)
        assert ticket == len(self.records)
        self.records[ticket] = records

    @rule(worker=st.integers(0, workers - 1))
    def start(self, worker: int) -> None:
        if not self.up[worker] and self.deaths[worker] <= MAX_RESTARTS:
            self.up[worker] = True
            self.dispatcher.start(worker)

    @rule(ahead=st.booleans())
    def hand_out(self, ahead: bool) -> None:
        for worker, ticket in self.dispatcher.hand_out(ahead=ahead):
            assert self.up[worker]
            assert ticket not in self.ended
            assert all(ticket not in has for has in self.has)
            assert sum(self.has[worker].values()) < self.queue
            self.has[worker][ticket] = self.records[ticket]
            assert self.dispatcher.owner(ticket) == worker
            if ticket not in self.first_time:
                assert ahead
                self.first_time.append(ticket)

    @precondition(lambda self: any(self.has))
    @rule(data=st.data())
    def work(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from([n for n, has in enumerate(self.has) if has]))
        ticket = data.draw(st.sampled_from(sorted(self.has[worker])))
        if self.has[worker][ticket] and data.draw(st.booleans()):
            self.has[worker][ticket] -= 1
            assert self.dispatcher.make(worker, ticket)
        else:
            del self.has[worker][ticket]
            assert self.dispatcher.finish(worker, ticket)
            self.ended.add(ticket)

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def a_zombie_finishes(self, data: st.DataObject) -> None:
        worker, ticket = data.draw(st.sampled_from(self.late))
        if ticket not in self.has[worker]:
            assert not self.dispatcher.make(worker, ticket)
            assert not self.dispatcher.finish(worker, ticket)

    @rule(worker=st.integers(0, workers - 1))
    def die(self, worker: int) -> None:
        if self.deaths[worker] > MAX_RESTARTS:
            return
        death = self.dispatcher.die(worker)
        self.up[worker] = False
        self.deaths[worker] += 1
        assert death.restart == (self.deaths[worker] <= MAX_RESTARTS)
        assert sorted(death.retried + death.failed) == sorted(self.has[worker])
        if death.failed:
            assert len(self.has[worker]) == 1
        self.late += [(worker, ticket) for ticket in self.has[worker]]
        self.ended |= set(death.failed)
        self.has[worker] = {}

    @invariant()
    def the_first_unfinished_is_the_head(self) -> None:
        unfinished = [ticket for ticket in self.records if ticket not in self.ended]
        assert self.dispatcher.head == min(unfinished, default=len(self.records))
        assert self.dispatcher.done == (not unfinished)
        assert self.dispatcher.is_lost == all(n > MAX_RESTARTS for n in self.deaths)

    def teardown(self) -> None:
        """From wherever it is, all the rest is finished as long as a worker is left."""
        if not self.longest_first:
            assert self.first_time == sorted(self.first_time)
        for worker in range(self.workers):
            self.start(worker)
        while not self.dispatcher.done and any(self.up):
            self.hand_out(ahead=True)
            assert any(self.has), "nobody has anything, and something is left"
            for worker, has in enumerate(self.has):
                for ticket in list(has):
                    assert self.dispatcher.finish(worker, ticket)
                    self.ended.add(ticket)
                has.clear()
        if any(self.up):
            assert self.ended == self.records.keys()


class AnyOrderLongestFirst(AnyOrder):
    longest_first = True


TestAnyOrder = pytest.mark.slow(AnyOrder.TestCase)
TestAnyOrderLongestFirst = pytest.mark.slow(AnyOrderLongestFirst.TestCase)


@dataclass
class Run:
    """Workers that die of what they have: `poison` kills whoever starts it."""

    workers: int
    queue: int
    count: int
    poison: frozenset[int]
    longest_first: bool = False
    finished: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    kills: dict[int, int] = field(default_factory=dict)

    def go(self) -> bool:
        """Whether workers were left at the end."""
        dispatcher = Dispatcher(self.workers, self.queue, longest_first=self.longest_first)
        for ticket in range(self.count):
            dispatcher.add(length=ticket)
        for worker in range(self.workers):
            dispatcher.start(worker)
        has: list[list[int]] = [[] for _ in range(self.workers)]
        while not dispatcher.done and not dispatcher.is_lost:
            for worker, ticket in dispatcher.hand_out():
                has[worker].append(ticket)
            for worker, tickets in enumerate(has):
                if bad := self.poison.intersection(tickets):
                    for ticket in bad:
                        self.kills[ticket] = self.kills.get(ticket, 0) + 1
                    death = dispatcher.die(worker)
                    self.failed += death.failed
                    if death.restart:
                        dispatcher.start(worker)
                    tickets.clear()
                elif tickets:
                    ticket = tickets.pop(0)
                    assert dispatcher.finish(worker, ticket)
                    self.finished.append(ticket)
        return dispatcher.done


@given(
    st.integers(1, 4),
    st.integers(1, 6),
    st.integers(1, 40),
    st.frozensets(st.integers(0, 39), max_size=3),
    st.booleans(),
)
def test_only_records_that_kill_are_failed(
    workers: int, queue: int, count: int, poison: frozenset[int], longest_first: bool
) -> None:
    run = Run(workers, queue, count, poison, longest_first)
    alive = run.go()
    present = {ticket for ticket in poison if ticket < count}
    assert set(run.failed) <= present
    assert len(run.finished) == len(set(run.finished))
    # Three deaths at most find a record that kills, and each worker has four lives.
    if 3 * len(present) < (MAX_RESTARTS + 1) * workers:
        assert alive
    if alive:
        assert set(run.failed) == present
        assert set(run.finished) == set(range(count)) - present
    assert all(kills >= 2 for ticket, kills in run.kills.items() if ticket in run.failed)


def test_longest_first_of_a_window_and_otherwise_in_order() -> None:
    lengths = [3.0, 9.0, 1.0, 7.0, 5.0]
    for longest_first, expected in ((True, [1, 3, 4, 0, 2]), (False, [0, 1, 2, 3, 4])):
        dispatcher = Dispatcher(1, 5, longest_first=longest_first)
        dispatcher.start(0)
        for length in lengths:
            dispatcher.add(length=length)
        assert [ticket for _, ticket in dispatcher.hand_out()] == expected


def test_it_asks_for_no_more_than_its_workers_can_take() -> None:
    dispatcher = Dispatcher(2, 3)
    assert not dispatcher.wants  # nobody is ready
    dispatcher.start(0)
    dispatcher.start(1)
    given_out: list[tuple[int, int]] = []
    while dispatcher.wants:
        dispatcher.add()
        given_out += list(dispatcher.hand_out())
    # The worker with less to do comes first.
    workers = [worker for worker, _ in given_out]
    assert [ticket for _, ticket in given_out] == [*range(6)]
    assert all({*workers[i : i + 2]} == {0, 1} for i in (0, 2, 4))
    dispatcher.finish(workers[3], 3)
    assert dispatcher.wants
    dispatcher.add()
    assert list(dispatcher.hand_out(ahead=False)) == []
    assert list(dispatcher.hand_out()) == [(workers[3], 6)]


def test_a_window_is_filled_for_a_choice() -> None:
    dispatcher = Dispatcher(1, 2, longest_first=True, window=5)
    count = 0
    while dispatcher.wants:
        dispatcher.add(length=count)
        count += 1
    assert count == 5
    dispatcher.start(0)
    assert [ticket for _, ticket in dispatcher.hand_out()] == [4, 3]


def test_a_file_of_many_records_is_as_many_to_do() -> None:
    dispatcher = Dispatcher(2, 4)
    dispatcher.start(0)
    dispatcher.start(1)
    for records in (10, 1, 1, 1, 1, 1):
        dispatcher.add(records=records)
    (busy, first), *others = dispatcher.hand_out()
    assert (first, others) == (0, [(1 - busy, ticket) for ticket in (1, 2, 3, 4)])
    for _ in range(6):
        assert dispatcher.make(busy, 0)
    assert list(dispatcher.hand_out()) == []
    assert dispatcher.make(busy, 0)
    assert list(dispatcher.hand_out()) == [(busy, 5)]


def test_a_worker_may_start_what_it_has_only_for_the_head() -> None:
    dispatcher = Dispatcher(3, 1)
    for worker in range(3):
        dispatcher.start(worker)
        dispatcher.add()
    owner = {ticket: worker for worker, ticket in dispatcher.hand_out()}
    assert [dispatcher.admits(worker) for worker in range(3)] == [
        worker == owner[0] for worker in range(3)
    ]
    dispatcher.finish(owner[0], 0)
    assert dispatcher.head == 1
    assert dispatcher.admits(owner[1])
    assert not dispatcher.admits(owner[2])
    dispatcher.die(owner[1])  # someone must become free for the head
    assert dispatcher.admits(owner[2])


def test_what_a_dead_worker_had_goes_out_first_even_without_room_ahead() -> None:
    dispatcher = Dispatcher(2, 2)
    for worker in range(2):
        dispatcher.start(worker)
    for _ in range(6):
        dispatcher.add()
    first = list(dispatcher.hand_out())
    dead, alive = 0, 1
    had = [ticket for worker, ticket in first if worker == dead]
    assert dispatcher.die(dead).retried == had
    others = [ticket for worker, ticket in first if worker == alive]
    for ticket in others:
        dispatcher.finish(alive, ticket)
    assert list(dispatcher.hand_out(ahead=False)) == [(alive, ticket) for ticket in had]


def test_all_are_lost_after_their_restarts() -> None:
    dispatcher = Dispatcher(1, 2)
    for _ in range(MAX_RESTARTS):
        assert dispatcher.die(0).restart
        assert not dispatcher.is_lost
    assert not dispatcher.die(0).restart
    assert dispatcher.is_lost


@pytest.mark.parametrize(("workers", "queue"), [(0, 1), (1, 0)])
def test_no_workers_or_no_queue(workers: int, queue: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Dispatcher(workers, queue)
