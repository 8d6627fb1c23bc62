"""The load of a server, which says and does what a test wants it to."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.client.fake_server import FakeServer, Peer, fake_server
from tests.conftest import InProcess
from vvcli.bench.load.clients import visit_alone
from vvcli.bench.load.listener import AUDIBLE, Target, Visit
from vvcli.bench.load.server import ServerLoadTest, percentiles, shake_hands
from vvcli.client.address import ServerAddress
from vvcli.errors import UnavailableError

DRIVER = """
import sys
from vvcli.cli.environment import Environment
from vvcli.cli.main import run
status = run(sys.argv[1:], Environment.claim())
print(int(status), "torch" in sys.modules, file=sys.stderr)
"""
QUIET, LOUD = int(AUDIBLE) - 1, int(AUDIBLE) + 1


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeServer]:
    with fake_server(tmp_path) as found:
        found.answer = lambda peer, _: play(peer, [LOUD] * 240)
        yield found


@pytest.fixture
def target(server: FakeServer) -> Target:
    return Target(ServerAddress(str(server.path)), None, {"voice": "Ada"})


def pcm(*samples: int) -> bytes:
    return np.array(samples, "<i2").tobytes()


def play(peer: Peer, *pieces: list[int]) -> None:
    peer.head(kind="audio/pcm")
    for piece in pieces:
        peer.chunk(pcm(*piece))
    peer.chunk(b"")


def test_what_is_asked_for(server: FakeServer, target: Target) -> None:
    visit_alone(target, "Yes.")
    assert server.requests == [{"input": "Yes.", "response_format": "pcm", "voice": "Ada"}]


def test_only_what_is_loud_is_audible(server: FakeServer, target: Target) -> None:
    """Silence comes at once, and is heard as silence; also where samples are cut in half."""
    heard = threading.Event()

    def answer(peer: Peer, _: dict[str, Any]) -> None:
        data = pcm(*[QUIET, -QUIET] * 50, 0, -LOUD, *[0] * 20)
        peer.head(kind="audio/pcm")
        peer.chunk(data[:33])
        assert heard.wait(60)
        peer.chunk(data[33:])
        peer.chunk(b"")

    server.answer = answer
    timer = threading.Timer(0.05, heard.set)
    timer.start()
    visit = visit_alone(target, "Yes.")
    timer.join()
    assert visit.outcome == "whole"
    assert visit.first is not None
    assert visit.audible is not None
    assert visit.first < visit.audible <= visit.ended
    assert visit.lead == 101 / 24_000
    assert visit.seconds == 122 / 24_000
    assert visit.gap == pytest.approx(visit.audible - visit.first)
    assert visit.underran  # sixteen samples do not last that long
    assert visit.lateness == pytest.approx(visit.gap - 16 / 24_000)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (lambda peer, _: play(peer, [LOUD] * 9), "whole"),
        (lambda peer, _: play(peer, [QUIET] * 9), "failed"),
        (lambda peer, _: peer.refuse(429), "refused"),
        (lambda peer, _: peer.refuse(503), "refused"),
        (lambda peer, _: peer.refuse(400), "failed"),
        (lambda peer, _: peer.send(b"SMTP\r\n\r\n"), "failed"),
        (lambda peer, _: peer.head() or peer.chunk(pcm(LOUD)) or False, "failed"),
    ],
    ids=range(7),
)
def test_how_a_session_ends(server: FakeServer, target: Target, answer: Any, outcome: str) -> None:
    server.answer = answer
    assert visit_alone(target, "Yes.").outcome == outcome


def test_nobody_there(server: FakeServer, target: Target) -> None:
    server.close()
    assert visit_alone(target, "Yes.").outcome == "failed"
    with pytest.raises(UnavailableError, match="no server answers at"):
        shake_hands(target)


def test_a_server_of_another_make_is_measured(server: FakeServer, target: Target) -> None:
    server.handshake = lambda peer: peer.refuse(404)
    assert shake_hands(target) == {}
    server.handshake = lambda peer: peer.refuse(401)
    with pytest.raises(UnavailableError, match="lets only those in who show its token"):
        shake_hands(target)


def test_a_rate_that_is_refused_does_not_hold(server: FakeServer, target: Target) -> None:
    test = ServerLoadTest(target, ["Yes.", "No."], ttfa_s=1e3)
    alone, whole = test.alone()
    assert 0 < alone <= 1e3 * whole
    assert test.longest_playback == 0.01
    trial = test.try_rate(100, 0.2)
    assert trial.holds
    assert trial.audible_ms is not None
    assert trial.audible_ms["p50"] <= trial.audible_ms["p99"] <= trial.audible_ms["max"]
    assert trial.audio_s_per_s == pytest.approx(trial.sessions * 0.01 / trial.measured_s)
    server.answer = lambda peer, _: peer.refuse(429)
    trial = test.try_rate(100, 0.2)
    assert (trial.refused, trial.failed, trial.holds) == (trial.sessions, 0, False)


def test_a_server_that_is_silent_does_not_speak(server: FakeServer, target: Target) -> None:
    server.answer = lambda peer, _: play(peer, [0] * 9)
    with pytest.raises(UnavailableError, match="does not speak"):
        ServerLoadTest(target, ["Yes."], ttfa_s=1.0).alone()


def test_percentiles_are_exact() -> None:
    assert percentiles([]) is None
    found = percentiles([each / 1000 for each in range(101)])
    assert found == pytest.approx({"p50": 50, "p95": 95, "p99": 99, "max": 100})


@pytest.mark.slow
def test_many_processes_listen(server: FakeServer) -> None:
    """Without torch, and each session once."""
    options = "--rate 40,80 --duration 0.5 --characters 4-20 --ttfa 60000 --clients 3 --json"
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, "bench", "load", "--server", server.path, *options.split()],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert done.stderr.endswith("0 False\n")
    assert (found["server"], found["facts"]) == (str(server.path), server.facts)
    assert [trial["rate"] for trial in found["trials"]] == [40, 80]
    assert 0 < sum(trial["sessions"] for trial in found["trials"]) <= len(server.requests) - 3
    assert len({request["input"] for request in server.requests}) > 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--server", "/s", "-m", "embedded"], "--server and --model cannot be used together"),
        (["--server", "/s", "--streams", "2"], "--server and --streams cannot be used together"),
        (["--clients", "2"], "--clients is of a server"),
        (["--server", "here"], "is not the path of a socket"),
        (["--server", "/s", "--request", "[]"], "it is not a JSON object"),
        (["--rate", "1,x"], "'x' is not a number from 0.001 to 1000000"),
        (["--rate", "1_0"], "'1_0' is not a number"),
        (["--rate", "1,0"], "'0' is not a number from 0.001 to 1000000"),
    ],
)
def test_options_that_do_not_go_together(
    vvcli: InProcess, options: list[str], message: str
) -> None:
    result = vvcli("bench", "load", *options)
    assert result.status == 2
    assert message in result.stderr


def test_a_visit_is_played_as_a_session() -> None:
    visit = Visit(1.0, 1.0, 1.5, 1.6, 0.1, 2.0, 0.2, 0.0, 2.5, "whole")
    assert (visit.session.first, visit.session.frames) == (1.5, 48_000)
    assert not visit.underran
