"""Workers as real processes, with the tiny model: the same bits, deaths, and nobody left behind."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import cycle

import pytest

from tests import warm
from tests.conftest import TINY
from tests.fleet.processes import is_running, wait_until_gone
from vvcli import Record, Status, Synthesizer, Utterance
from vvcli.errors import UnavailableError
from vvcli.fleet.devices import Place
from vvcli.fleet.plain_values import plain_options
from vvcli.fleet.processes import ProcessPool
from vvcli.speech.speaker import SpeakerOptions

LINES = [f"Number {number}." for number in range(24)]


def make(workers: int) -> Synthesizer:
    options = {"device": "cpu", "deterministic": True, "sample_type": "int16", "steps": 1}
    return Synthesizer(TINY, "Ada", workers=workers, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def three() -> Iterator[Synthesizer]:
    with make(3) as synthesizer:
        yield synthesizer


@pytest.fixture(scope="module")
def alone() -> list[Utterance]:
    return list(make(1).speak(LINES))


def pool_of(synthesizer: Synthesizer) -> ProcessPool:
    pool = synthesizer.fleet.pool  # type: ignore[union-attr]
    assert isinstance(pool, ProcessPool)
    return pool


def digest(utterances: list[Utterance]) -> str:
    return hashlib.sha256(b"".join(u.samples.tobytes() for u in utterances)).hexdigest()


@pytest.mark.slow
def test_the_stream_is_the_same_for_one_two_and_three(
    three: Synthesizer, alone: list[Utterance]
) -> None:
    with make(2) as two:
        for synthesizer in (two, three):
            found = list(synthesizer.speak(LINES))
            assert digest(found) == digest(alone)
            assert [u.record for u in found] == [u.record for u in alone]
            assert [u.record.spoken for u in found] == [u.record.spoken for u in alone]
            report = synthesizer.report()
            assert sum(each["records"] for each in report) == len(LINES)
            assert all(each["records"] and each["audio"] for each in report)
        pids = pool_of(two).pids
        assert len(pids) == 2
        assert all(map(is_running, pids))
    assert not any(map(is_running, pids))


@pytest.mark.slow
def test_what_goes_wrong_with_records_is_as_in_one_process(three: Synthesizer) -> None:
    records: list[str | Record] = [
        Record(0, "Hello.", seed=3, voice="Ben", id="a", silence_after=0.5),
        Record(1, "", "a.txt:2"),
        Record(2, "Hello.", "a.txt:3", voice="Cleopatra"),
        Record(3, "lone \ud800 surrogate"),
        Record(4, "", error="a.txt:5: not text"),
        Record(5, "word " * 400),
        Record(6, "One. [[pause 300ms]] Two."),
    ]
    found, expected = list(three.speak(records)), list(make(1).speak(records))
    for one, other in zip(found, expected, strict=True):
        assert (one.record, one.status, one.error) == (other.record, other.status, other.error)
        assert (one.record.spoken, one.record.respelled) == (
            other.record.spoken,
            other.record.respelled,
        )
        assert one.samples.tobytes() == other.samples.tobytes()
    assert [u.status for u in found[1:5]] == [Status.BLANK, *[Status.FAILED] * 3]
    assert three.clipped == 0


@pytest.mark.slow
def test_closing_early_leaves_it_as_new(three: Synthesizer, alone: list[Utterance]) -> None:
    for heard in (0, 1, 5):
        chunks = three.stream(LINES * 10)
        for _ in range(heard):
            next(chunks)
        chunks.close()
    assert digest(list(three.speak(LINES))) == digest(alone)


@pytest.mark.slow
def test_closing_ends_a_run_that_goes_on() -> None:
    """From the thread that reads it, from another one while it waits, and before a run."""
    silent = threading.Event()

    def endless() -> Iterator[str]:
        yield from LINES[:2]
        silent.wait()

    for lines, from_another in ((LINES * 10, False), (endless(), True)):
        synthesizer = make(2)
        utterances = synthesizer.speak(lines)
        next(utterances)
        pids = pool_of(synthesizer).pids
        closing = threading.Timer(0.5 if from_another else 0, synthesizer.close)
        closing.start()
        if not from_another:
            closing.join()
        with pytest.raises(RuntimeError, match="this Synthesizer is closed"):
            list(utterances)
        closing.join()
        assert not any(is_running(pid) for pid in pids)
        synthesizer.close()
        with pytest.raises(RuntimeError, match="this Synthesizer is closed"):
            list(synthesizer.speak(LINES))
    silent.set()


@pytest.mark.slow
def test_workers_that_die_are_replaced(three: Synthesizer, alone: list[Utterance]) -> None:
    """Killed while they speak, and between two runs."""
    pool = pool_of(three)
    before = pool.pids
    found = []
    for utterance in three.speak(LINES):
        found.append(utterance)
        if len(found) == 2:
            os.kill(pool.pids[1], signal.SIGKILL)
    assert digest(found) == digest(alone)
    assert sum(each["restarts"] for each in three.report()) <= 1
    os.kill(pool.pids[0], signal.SIGKILL)
    assert digest(list(three.speak(LINES))) == digest(alone)
    assert set(pool.pids) != set(before)


@pytest.mark.slow
def test_a_worker_that_is_loading_when_a_run_begins_is_not_started_twice(
    three: Synthesizer, alone: list[Utterance]
) -> None:
    """It died at the end of the run before: its successor is awaited, not forgotten."""
    pool = pool_of(three)
    chunks = three.stream(cycle(LINES))
    next(chunks)
    killed = pool.pids[2]
    os.kill(killed, signal.SIGKILL)
    while killed in pool.pids or len(pool.pids) < 3:
        next(chunks)
    chunks.close()  # long before the new one has loaded
    successors = pool.pids
    assert digest(list(three.speak(LINES))) == digest(alone)
    assert pool.pids == successors


@pytest.mark.slow
def test_a_worker_that_cannot_load_is_an_error_and_no_process_is_left() -> None:
    with pytest.raises(UnavailableError, match="there is no voice 'Cleopatra'"):
        Synthesizer(TINY, "Cleopatra", device="cpu", workers=2)
    with pytest.raises(UnavailableError, match="there is no model folder '/nowhere'"):
        Synthesizer("/nowhere", device="cpu", workers=2)
    before = children()
    setup = {
        "model": {"path": str(TINY)},
        "dtype": "float8",
        "options": plain_options(SpeakerOptions()),
    }
    with pytest.raises(UnavailableError, match="no dtype 'float8'"):
        ProcessPool([Place(f"cpu {n}", "cpu", {}, [0]) for n in range(2)], setup, "int16")
    assert children() == before


def children() -> int:
    """Workers of this process."""
    command = ["ps", "-ww", "--ppid", str(os.getpid()), "-o", "args="]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.count("vvcli.fleet.child")


@pytest.mark.slow
def test_a_killed_parent_leaves_no_worker() -> None:
    code = (
        "import sys, time\n"
        "from vvcli import Synthesizer\n"
        f"s = Synthesizer({str(TINY)!r}, 'Ada', device='cpu', workers=2)\n"
        "print(*s.fleet.pool.pids, flush=True)\n"
        "for _ in s.stream(['Hello there.'] * 100000): pass\n"
    )
    with warm.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 2
        time.sleep(0.2)
        assert all(map(is_running, pids))
        parent.send_signal(signal.SIGKILL)
        wait_until_gone(pids)
