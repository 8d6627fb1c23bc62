"""Live sessions on several CPU workers, processes with the tiny model: the audio is that of one."""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pytest

from tests import warm
from tests.conftest import TINY
from vvcli import Record, Synthesizer
from vvcli.errors import UnavailableError
from vvcli.fleet import processes
from vvcli.fleet.many import ManyFleet
from vvcli.samples import Samples
from vvcli.speech.sessions import SpeechSession
from vvcli.speech.values import Status

pytestmark = pytest.mark.slow

SCRIPT = ["Yes. [[pause 1s]] No.", "The quick brown fox. " * 4, "", "Hello there. Go on.", "!?"]
OPTIONS = {"streams": 2, "steps": 1, "seed": 42, "deterministic": True, "device": "cpu"}

Spoken = dict[int, tuple[Samples, Status, str | None, str | None]]


@pytest.fixture(scope="module")
def one() -> Synthesizer:
    return Synthesizer(TINY, "Ada", **OPTIONS)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def many() -> Iterator[Synthesizer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "subprocess", warm.popen_module())
        with Synthesizer(TINY, "Ada", workers=2, **OPTIONS) as found:  # type: ignore[arg-type]
            yield found


def spoken(session: SpeechSession) -> Spoken:
    """What a session says until its end: of each record audio, status, error and text."""
    found: Spoken = {}
    parts: defaultdict[int, list[Samples]] = defaultdict(list)
    for chunk in session:
        index = chunk.record.index
        parts[index].append(chunk.samples)
        if chunk.status is not None:
            samples = np.concatenate(parts[index])
            found[index] = samples, chunk.status, chunk.error, chunk.record.spoken
    return found


def say(synthesizer: Synthesizer, *lines: str | Record, **options: object) -> SpeechSession:
    session = synthesizer.open_session(**options)  # type: ignore[arg-type]
    for line in lines:
        session.submit(line)
    session.end()
    return session


def check_same(found: Spoken, expected: Spoken) -> None:
    assert found.keys() == expected.keys()
    for index, (samples, *facts) in expected.items():
        assert samples.dtype == found[index][0].dtype
        assert np.array_equal(samples, found[index][0])
        assert [*found[index][1:]] == facts


@pytest.fixture(scope="module")
def expected(one: Synthesizer) -> Spoken:
    with say(one, *SCRIPT) as session:
        found = spoken(session)
    assert [len(found[index][0]) > 0 for index in found] == [True, True, False, True, True]
    return found


def test_sessions_say_what_they_say_on_one(many: Synthesizer, expected: Spoken) -> None:
    """Also those that are slow, and those that others leave."""
    sessions = [say(many, *SCRIPT) for _ in range(4)]
    slow, leaver = say(many, *SCRIPT, max_ahead=0.01), many.open_session()
    for session in (*sessions, slow):
        leaver.submit(SCRIPT[1])
        leaver.cancel()
        check_same(spoken(session), expected)
    for session in (*sessions, slow, leaver):
        session.close()
    assert {figures["worker"] for figures in many.report() if figures["records"]} == {
        "cpu 0",
        "cpu 1",
    }


def test_a_session_has_its_own_settings(many: Synthesizer, one: Synthesizer) -> None:
    for options in (
        {"voice": "Ben", "cfg_scale": 3.0},
        {"seed": 7, "first_index": 3, "commands": False},
        {"speed": 0.6, "sample_type": "int16", "first_index": 2},
        {"split": False, "language": "en-GB", "voice_files": False},
    ):
        records = [Record(9, "Go on.", voice="Eve"), Record(10, "Go on.", speed=0.5, seed=3)]
        with say(many, SCRIPT[0], SCRIPT[1], *records, **options) as session:
            found = spoken(session)
        with say(one, SCRIPT[0], SCRIPT[1], *records, **options) as session:
            check_same(found, spoken(session))
        assert found[9][1] is Status.FAILED
    with pytest.raises(UnavailableError, match="there is no voice 'Eve'"):
        many.open_session(voice="Eve")
    many.open_session().close()
    with pytest.raises(UnavailableError, match=r"^there is no voice '/etc/passwd'$"):
        many.open_session(voice="/etc/passwd", voice_files=False)


def test_a_flood_of_silence_is_bounded(many: Synthesizer) -> None:
    """Silence takes no memory in a worker, and is not sent before it is heard."""
    with many.open_session(max_ahead=0.1) as session:
        session.submit("[[pause 60s]]" * 1000 + "Yes.")
        assert session.read() is not None
        with say(many, "Yes.") as other:
            assert spoken(other)
        assert isinstance(many.fleet, ManyFleet)
        made = sum(figures["audio"] for figures in many.report())
        assert made < 100
        session.cancel()
        assert session.read(wait=False) is None


def test_killed_workers_lose_nothing(many: Synthesizer, one: Synthesizer) -> None:
    """Not even of a record of which a part was heard."""
    text = "Yes. [[pause 30s]] No. [[pause 30s]] Go on."
    with say(many, text, max_ahead=0.1) as session, say(many, *SCRIPT) as other:
        first = session.read()
        assert first is not None
        pids = many.fleet.pool.pids  # type: ignore[union-attr]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        ((samples, status, error, said),) = spoken(session).values()
        whole = np.concatenate([first.samples, samples])
        with say(one, text) as undisturbed:
            check_same({0: (whole, status, error, said)}, spoken(undisturbed))
        with say(one, *SCRIPT) as undisturbed:
            check_same(spoken(other), spoken(undisturbed))
    assert not {*pids} & {*many.fleet.pool.pids}  # type: ignore[union-attr]


def test_only_one_thing_at_a_time(many: Synthesizer) -> None:
    with many.open_session(), pytest.raises(RuntimeError, match="is speaking already"):
        next(many.stream(["Yes."]))
    stream = many.stream(["Yes.", "No."])
    next(stream)
    with pytest.raises(RuntimeError, match="is speaking already"):
        many.open_session()
    stream.close()


def test_sessions_end_with_their_synthesizer() -> None:
    synthesizer = Synthesizer(TINY, "Ada", workers=2, **OPTIONS)  # type: ignore[arg-type]
    session = synthesizer.open_session(max_ahead=0.1)
    session.submit("[[pause 60s]]" * 10)
    assert session.read() is not None
    synthesizer.close()
    with pytest.raises(RuntimeError, match="this Synthesizer is closed"):
        list(session)
    session.close()
