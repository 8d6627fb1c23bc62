"""Records of live sessions handed to workers that a test plays: what is told to whom."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pytest

from vvcli.errors import UnavailableError
from vvcli.fleet.channel import Message
from vvcli.fleet.dispatcher import MAX_RESTARTS, Dispatcher
from vvcli.fleet.plain_values import ChunkMessage
from vvcli.fleet.pool import Figures
from vvcli.fleet.session_run import ACKNOWLEDGED, RemoteStream, RemoteWork, SessionRun
from vvcli.samples import Samples, SampleType
from vvcli.script.record import Record
from vvcli.speech.spoken_record import RecordState
from vvcli.speech.values import Status


class Pool:
    """Two workers of one stream, which say what a test has put into `messages`."""

    names = ["a", "b"]  # noqa: RUF012
    sample_type: SampleType = "float32"
    streams = 1

    def __init__(self) -> None:
        self.told: list[tuple[int, str, tuple[Any, ...]]] = []
        self.messages: deque[tuple[int, Message]] = deque()
        self.audio: dict[int, Samples] = {}
        self.started: list[int] = []

    def start(self, worker: int) -> None:
        self.started.append(worker)

    def kill(self, worker: int) -> None:
        raise NotImplementedError

    def send(self, worker: int, *message: Any) -> None:
        kind, _, *values = message
        self.told.append((worker, kind, tuple(values)))

    def wait(self, seconds: float | None = None) -> list[tuple[int, Message]]:
        found, self.messages = [*self.messages], deque()
        return found

    def read(
        self, worker: int, position: int, length: int, sample_type: SampleType | None = None
    ) -> Samples:
        assert self.audio[position].nbytes == length
        return self.audio.pop(position)

    def wake(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def says(self, worker: int, ticket: int, *samples: int, end: str | None = None) -> None:
        """Have a worker send int16 samples, and how the record ended."""
        position = 1000 + len(self.audio) + 100 * len(self.told)
        self.audio[position] = audio = np.array(samples, np.int16)
        facts = (position, audio.nbytes, end, None, True, 0, 1)
        message = ChunkMessage(ticket, *facts, record_clipped=3, sample_type="int16")
        self.messages.append((worker, ["chunk", 7, *message]))

    def dies(self, worker: int) -> None:
        self.messages.append((worker, ["died", "was killed by SIGKILL"]))

    def asked(self, kind: str) -> list[tuple[int, Any]]:
        """Whom the run has told something of this kind, and the first of its values."""
        return [(worker, values[0]) for worker, told, values in self.told if told == kind]


@pytest.fixture
def pool() -> Pool:
    return Pool()


@pytest.fixture
def run(pool: Pool) -> SessionRun:
    figures = [Figures(name, 0.0) for name in pool.names]
    found = SessionRun(pool, {0, 1}, 7, {}, Dispatcher(2, 2), figures)
    found.begin()
    return found


def stream() -> RemoteStream:
    return RemoteStream({"speed": 1.5}, {"index": 3, "text": "Yes."})


def heard(run: SessionRun) -> list[tuple[int, list[int], str | None]]:
    return [
        (frame.stream.ticket, frame.samples.tolist(), frame.end and frame.end.status.value)
        for frame in run.step()
    ]


def test_records_go_to_whoever_has_the_least_to_do(pool: Pool, run: SessionRun) -> None:
    streams = [stream() for _ in range(3)]
    for each in streams:
        run.submit(each)
    assert heard(run) == []
    asked = pool.asked("say")
    assert [ticket for _, ticket in asked] == [0, 1, 2]
    assert {worker for worker, _ in asked[:2]} == {0, 1}
    assert pool.told[-1][2] == (2, streams[0].options, streams[0].record)
    owner = {ticket: worker for worker, ticket in asked}
    pool.says(owner[0], 0, 1, 2)
    pool.says(owner[1], 1, 5, end="ok")
    pool.says(owner[0], 0, end="truncated")
    assert heard(run) == [(0, [1, 2], None), (1, [5], "ok"), (0, [], "truncated")]
    assert run.busy
    run.cancel(streams[2])
    assert pool.asked("leave") == [(owner[2], 2)]
    assert not run.busy


def test_what_nobody_listens_to_any_more_is_dropped(pool: Pool, run: SessionRun) -> None:
    early, late = stream(), stream()
    run.submit(early)
    run.cancel(early)  # before anybody has it
    run.submit(late)
    run.step()
    ((owner, ticket),) = pool.asked("say")
    assert ticket == late.ticket
    pool.says(owner, ticket, 1)
    run.cancel(late)
    pool.says(owner, ticket, 2, end="ok")
    assert heard(run) == []
    assert pool.audio == {}, "audio stays in the way of other audio"
    run.cancel(late)
    assert pool.asked("leave") == [(owner, ticket)]


def test_audio_is_acknowledged_while_somebody_hears_it(pool: Pool, run: SessionRun) -> None:
    asked = stream()
    run.submit(asked)
    run.step()
    ((owner, _),) = pool.asked("say")
    half = [0] * (ACKNOWLEDGED // 2)
    for _ in range(2):
        pool.says(owner, 0, *half)
        run.step()
    assert pool.told[-1] == (owner, "acknowledge", (0, ACKNOWLEDGED))
    run.pause(asked)
    for _ in range(4):
        pool.says(owner, 0, *half)
        run.step()
    assert len(pool.asked("acknowledge")) == 1
    run.pause(asked, paused=False)
    assert pool.told[-1] == (owner, "acknowledge", (0, 3 * ACKNOWLEDGED))


def test_a_dead_workers_record_goes_on_where_it_was(pool: Pool, run: SessionRun) -> None:
    run.submit(stream())
    run.step()
    ((first, _),) = pool.asked("say")
    pool.says(first, 0, 1, 2, 3)
    pool.dies(first)
    assert heard(run) == [(0, [1, 2, 3], None)]
    assert pool.started == [first]
    run.step()
    _, (second, _) = pool.asked("say")
    assert second != first
    pool.says(second, 0, 1, 2)
    pool.says(second, 0, 3, 4)
    pool.says(second, 0, 5, end="ok")
    assert heard(run) == [(0, [4], None), (0, [5], "ok")]


def test_a_record_that_kills_its_workers_fails(pool: Pool, run: SessionRun) -> None:
    work = RemoteWork(RecordState(Record(3, "Yes.")))
    run.submit(stream())
    run.step()
    for _ in range(2):
        pool.dies(pool.asked("say")[-1][0])
        frames = run.step()
        run.step()
    ((_, samples, end),) = frames
    assert end is not None
    work.note_end(end)
    assert (len(samples), work.state.status) == (0, Status.FAILED)
    assert (work.state.error or "").endswith(": two workers died while they spoke it")
    assert not run.busy


def test_without_workers_it_is_over(pool: Pool, run: SessionRun) -> None:
    for worker in (0, 1):
        for _ in range(MAX_RESTARTS):
            pool.dies(worker)
    run.step()
    pool.dies(0)
    run.step()
    pool.dies(1)
    with pytest.raises(UnavailableError, match="no worker is left: b was killed by SIGKILL"):
        run.step()


def test_how_a_record_was_spoken_is_told(pool: Pool, run: SessionRun) -> None:
    work = RemoteWork(RecordState(Record(3, "Yes.")))
    run.submit(stream())
    run.step()
    pool.says(pool.asked("say")[0][0], 0, 1, end="ok")
    ((_, _, end),) = run.step()
    assert end is not None
    work.note_end(end)
    assert (work.state.record.spoken, work.clipped, work.state.error) == ("Yes.", 3, None)
