"""Live sessions beside each other, on an engine that only counts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.speech.fake_engine import HOP, FakeEngine, heard, session_engine, streams
from vvcli.errors import BusyError
from vvcli.script.record import Record
from vvcli.speech.session_engine import SessionEngine
from vvcli.speech.session_options import SessionOptions
from vvcli.speech.session_work import RecordWork
from vvcli.speech.sessions import SpeechSession
from vvcli.speech.values import Status

PAUSE = "\0"  # the silence after a part


def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait for what another thread does; fail if it never does."""
    for _ in range(5000):
        if is_true():
            return
        time.sleep(0.002)
    raise AssertionError("it never happens")


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(slots=2)


@pytest.fixture
def hub(engine: FakeEngine) -> Iterator[SessionEngine]:
    sessions = session_engine(engine)
    yield sessions
    assert not sessions.load.sessions, "a session was left open"
    assert "sessions" not in {thread.name for thread in threading.enumerate()}


def open_session(
    hub: SessionEngine, on_audio: Callable[[], None] | None = None, **options: Any
) -> SpeechSession:
    work = partial(RecordWork.read, streams)
    return SpeechSession(hub, work, SessionOptions(**options), on_audio)


def test_records_come_in_order_each_whole(hub: SessionEngine) -> None:
    with open_session(hub, first_index=4) as session:
        session.submit("one")
        session.submit("")
        session.submit(Record(9, "two|three", seed=7))
        session.submit("four")
        session.end()
        assert heard(session) == [
            (4, f"one{PAUSE}"),
            (5, ""),
            (9, f"two{PAUSE}three{PAUSE}"),
            (10, f"four{PAUSE}"),
        ]
        assert session.finished
        assert session.read() is None
        with pytest.raises(RuntimeError, match="the session is over"):
            session.submit("five")
        with pytest.raises(RuntimeError, match="the session is over"):
            session.write("no whole sentence")


def test_a_record_that_fails_stops_nothing(hub: SessionEngine) -> None:
    with open_session(hub) as session:
        session.submit(Record(0, "", error="a.txt:1: not text"))
        session.submit("\x07")
        session.submit("fine")
        session.end()
        ends = [(c.status, c.error) for c in session if c.status is not None]
    assert ends == [
        (Status.FAILED, "a.txt:1: not text"),
        (Status.FAILED, "record 1: it has no tokens"),
        (Status.OK, None),
    ]


@pytest.mark.slow
@given(st.lists(st.lists(st.text("abc|", min_size=1, max_size=5), max_size=4), max_size=6))
def test_sessions_do_not_hear_each_other(scripts: list[list[str]]) -> None:
    engine = FakeEngine(slots=2)
    hub = session_engine(engine)
    scripts = [[t for t in script if t.strip("|") == t and "||" not in t] for script in scripts]
    sessions = [open_session(hub) for _ in scripts]
    for turn in range(4):
        for session, script in zip(sessions, scripts, strict=True):
            for text in script[turn : turn + 1]:
                session.submit(text)
    for session, script in zip(sessions, scripts, strict=True):
        session.end()
        expected = [t.replace("|", PAUSE) + PAUSE for t in script]
        assert [text for _, text in heard(session)] == expected
        session.close()
    assert engine.widest <= engine.slots
    assert not engine.busy


def test_a_slow_listener_stops_its_own_stream_and_nobody_elses(
    hub: SessionEngine, engine: FakeEngine
) -> None:
    ahead = 5 * HOP / 24_000
    slow, quick = open_session(hub, max_ahead=ahead), open_session(hub)
    slow.submit("x" * 100)
    quick.submit("y" * 300)
    quick.end()
    assert heard(quick) == [(0, "y" * 300 + PAUSE)]
    (stream,) = engine.running
    assert (stream.made, stream.paused) == (6, True)
    steps = engine.steps
    first = slow.read()
    assert first is not None
    assert len(first.samples) == 6 * HOP
    wait_until(lambda: stream.made == 12)
    assert engine.steps - steps < 10, "it steps although nobody can go on"
    slow.end()
    assert heard(slow) == [(0, "x" * 94 + PAUSE)]
    slow.close()
    quick.close()


def test_a_slow_listener_begins_no_other_record(hub: SessionEngine, engine: FakeEngine) -> None:
    slow, quick = open_session(hub, max_ahead=0), open_session(hub)
    for _ in range(3):
        slow.submit("xx")
    wait_until(lambda: bool(engine.running and engine.running[0].paused))
    for _ in range(3):
        quick.submit("y")
    quick.end()
    assert len(heard(quick)) == 3
    slow.end()
    assert heard(slow) == [(n, f"xx{PAUSE}") for n in range(3)]
    slow.close()
    quick.close()


def test_cancelling_frees_the_slot_with_the_next_frame(
    hub: SessionEngine, engine: FakeEngine
) -> None:
    engine.gate = threading.Semaphore(0)
    sessions = [open_session(hub) for _ in range(3)]
    for number, session in enumerate(sessions):
        session.submit(str(number) * 9)
    engine.gate.release()
    wait_until(lambda: len(engine.running) == 2)
    sessions[0].cancel()
    engine.gate.release(2)  # the step that is under way, and the next one
    wait_until(lambda: [s.text[0] for s in engine.running] == ["1", "2"])
    engine.gate.release(1000)
    sessions[0].submit("again")
    for session in sessions:
        session.end()
    assert heard(sessions[0]) == [(1, f"again{PAUSE}")]
    assert heard(sessions[1]) == [(0, "1" * 9 + PAUSE)]
    for session in sessions:
        session.close()


def test_after_cancelling_nothing_of_before_is_heard(hub: SessionEngine) -> None:
    with open_session(hub) as session:
        for round_number in range(20):
            session.write("lost. and this")
            session.submit("gone" * 50)
            session.cancel()
            session.submit(str(round_number))
            while (chunk := session.read()) is not None and chunk.status is None:
                assert chr(int(chunk.samples[0])) in f"{round_number}\0"
        assert session.pending == 0


def test_turns_go_round_by_record(hub: SessionEngine, engine: FakeEngine) -> None:
    """A session with much to say does not keep those out who come later."""
    engine.gate = threading.Semaphore(0)
    order: list[str] = []
    long = [open_session(hub) for _ in range(2)]
    for name, session in zip("ab", long, strict=True):
        for _ in range(3):
            session.submit(name)
    late = open_session(hub)
    late.submit("c")
    submit = engine.submit
    engine.submit = lambda stream: (order.append(stream.text), submit(stream))[1]  # type: ignore[method-assign, func-returns-value]
    engine.gate.release(1000)
    for session in (*long, late):
        session.end()
        assert heard(session)
        session.close()
    assert "c" in order[:3]


def test_a_full_queue_refuses_and_takes_nothing(hub: SessionEngine, engine: FakeEngine) -> None:
    engine.gate = threading.Semaphore(0)
    hub.turns.max_waiting = 1
    sessions = [open_session(hub) for _ in range(4)]
    for session in sessions[:3]:
        session.submit("x")
    sessions[3].write("Half a")
    with pytest.raises(BusyError):
        sessions[3].write(" sentence. And more.\n")
    with pytest.raises(BusyError):
        sessions[3].submit("x")
    sessions[0].submit("it is in line already")
    engine.gate.release(1000)
    for session in sessions[:3]:
        session.end()
        assert heard(session)[0] == (0, f"x{PAUSE}")
    sessions[3].write(" word.\n")
    sessions[3].end()
    assert heard(sessions[3]) == [(0, f"Half a word.{PAUSE}")]
    for session in sessions:
        session.close()


def test_silence_takes_no_memory_until_it_is_heard(hub: SessionEngine) -> None:
    def hour(record: Record, number: int) -> object:
        read, made = streams(record, number)
        return type(read)(record, read.parts, lead=3600 * 24_000), made

    with SpeechSession(hub, partial(RecordWork.read, hour)) as session:  # type: ignore[arg-type]
        session.submit("x")
        session.end()
        sizes = [len(chunk.samples) for chunk in session]
    assert max(sizes) <= 240_000
    assert sum(sizes) == 3600 * 24_000 + 2 * HOP


def test_a_listener_who_does_not_wait_is_called(hub: SessionEngine) -> None:
    calls = threading.Semaphore(0)
    session = open_session(hub, on_audio=calls.release)
    assert session.read(wait=False) is None
    session.submit("a")
    letters = ""
    while not session.finished:
        assert calls.acquire(timeout=10)
        while (chunk := session.read(wait=False)) is not None:
            letters += "".join(chr(int(code)) for code in chunk.samples[::HOP])
            if chunk.status is not None:
                session.end()
    assert letters == f"a{PAUSE}"
    session.close()


def test_whoever_waits_is_woken_by_the_end(hub: SessionEngine) -> None:
    for stop in (SpeechSession.end, SpeechSession.close):
        session = open_session(hub)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(session.read)
            assert session.read(timeout=0.01) is None
            stop(session)
            assert waiting.result(10) is None
        session.close()


def test_an_engine_that_fails_fails_every_session(engine: FakeEngine) -> None:
    hub = session_engine(engine)
    sessions = [open_session(hub) for _ in range(2)]
    engine.fails = True
    sessions[0].submit("x")
    for session in sessions:
        with pytest.raises(RuntimeError, match="the engine has failed: a cable was pulled"):
            session.read()
        with pytest.raises(RuntimeError, match="a cable was pulled"):
            session.submit("y")
    for session in sessions:
        session.close()


@pytest.mark.slow
@given(
    st.lists(st.sampled_from(["Hello there. ", "How", " are you? ", "\n", "Dr. ", "3.5 ", "no"])),
    st.randoms(use_true_random=False),
)
def test_sentences_do_not_depend_on_how_the_text_comes(words: list[str], random: object) -> None:
    text = "".join(words)
    hub = session_engine(FakeEngine(slots=1))
    found = []
    for cuts in (0, len(text)):
        places = sorted(random.randrange(len(text) + 1) for _ in range(cuts))  # type: ignore[attr-defined]
        with open_session(hub) as session:
            records = []
            for start, end in zip([0, *places], [*places, len(text)], strict=True):
                records += session.write(text[start:end])
            records += session.flush()
        found.append([record.text for record in records])
    assert found[0] == found[1]
    assert " ".join(found[0]).split() == text.split()
