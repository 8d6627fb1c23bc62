"""The laws of a client, against a server that tests every one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.client.conftest import Resident, records, spoken
from tests.client.fake_server import FACTS, FRAMES, FakeServer, Peer, audio_of, end, frame
from vvcli.client import connection, exchange
from vvcli.client.address import ServerAddress
from vvcli.client.link import NoServerError, ServerLink
from vvcli.errors import UnavailableError
from vvcli.script.record import Record
from vvcli.speech.values import Status


def whole(index: int) -> tuple[int, bytes, str, str | None]:
    return index, audio_of({"record_index": index, "response_format": "pcm"}), "ok", None


def test_audio_comes_in_the_order_of_the_records(server: FakeServer, resident: Resident) -> None:
    """Each is answered only after the one that was asked for after it."""
    answered = [threading.Event() for _ in range(8)]

    def answer(peer: Peer, request: dict[str, Any]) -> None:
        index = request["record_index"]
        if index % 2 == 0:
            answered[index + 1].wait(60)
        peer.speak(request)
        answered[index].set()

    server.answer = answer
    assert spoken(resident().stream(records(8))) == [whole(index) for index in range(8)]


@pytest.mark.parametrize(("streams", "most"), [("auto", 3), (2, 2), (9, 3)])
def test_a_server_is_asked_for_as_many_as_it_speaks(
    server: FakeServer, resident: Resident, streams: int | str, most: int
) -> None:
    here = threading.Barrier(most)

    def answer(peer: Peer, request: dict[str, Any]) -> None:
        here.wait(60)  # all of them at the same time
        peer.speak(request)

    server.answer = answer
    client = resident(streams=streams)
    assert client.streams == most
    assert len(spoken(client.stream(records(3 * most)))) == 3 * most
    assert server.most == most
    assert server.connections == most  # they are kept


def test_audio_is_handed_out_as_it_is_made(server: FakeServer, resident: Resident) -> None:
    heard = threading.Event()

    def answer(peer: Peer, request: dict[str, Any]) -> None:
        peer.head()
        peer.chunk(frame(b"A", b"ab"))
        heard.wait(60)
        peer.chunk(end(1))
        peer.chunk(b"")

    server.answer = answer
    chunks = resident().stream(records(1))
    assert next(chunks).samples.tobytes() == b"ab"
    heard.set()
    assert next(chunks).status is Status.OK


def test_a_slow_reader_stops_the_work(server: FakeServer, resident: Resident) -> None:
    """Nothing is asked for beyond `max_ahead`: a second, that the second record alone is."""
    first_is_done = threading.Event()

    def answer(peer: Peer, request: dict[str, Any]) -> None:
        if request["record_index"] == 0:
            first_is_done.wait(60)
        peer.speak(request, samples=24_001)

    server.answer = answer
    client = resident(streams=2, max_ahead=1)
    chunks = client.stream(records(9))

    def ready() -> bool:
        return client._held() > 48_000

    def finish() -> None:
        _wait_for(ready)
        first_is_done.set()

    threading.Thread(target=finish).start()
    first = next(chunks)
    assert sorted(request["record_index"] for request in server.requests) == [0, 1]
    ends = [chunk.record.index for chunk in (first, *chunks) if chunk.status is not None]
    assert ends == [*range(9)]


def _wait_for(condition: Any) -> None:
    pause = threading.Event()
    for _ in range(6000):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it has not come to that")


def test_what_is_not_spoken_is_not_asked_for(server: FakeServer, resident: Resident) -> None:
    lines = [Record(0, " "), Record(1, "", error="in:1: not text"), Record(2, "Yes.")]
    assert spoken(resident().stream(lines)) == [
        (0, b"", "blank", None),
        (1, b"", "failed", "in:1: not text"),
        whole(2),
    ]
    assert [request["input"] for request in server.requests] == ["Yes."]


def test_a_record_ends_as_the_server_says(server: FakeServer, resident: Resident) -> None:
    facts: list[dict[str, Any]] = [
        {"status": "truncated", "error": "in:0: too long", "clipped": 2, "spoken": "x"},
        {"status": "failed", "error": "in:1: no words"},
        {"status": "blank"},
        {"clipped": 3, "respelled": 4},
    ]
    server.answer = lambda peer, request: peer.speak(request, 1, **facts[request["record_index"]])
    client = resident()
    chunks = list(client.stream(records(4)))
    ends = [chunk for chunk in chunks if chunk.status is not None]
    assert [chunk.status and chunk.status.value for chunk in ends] == [
        *("truncated", "failed", "blank", "ok")
    ]
    assert [chunk.error for chunk in ends] == ["in:0: too long", "in:1: no words", None, None]
    assert ends[0].record.spoken == "x"
    assert ends[3].record.respelled == 4
    assert client.clipped == 5


def test_an_error_of_the_input_comes_in_its_place(server: FakeServer, resident: Resident) -> None:
    def lines() -> Any:
        yield from records(2)
        raise UnavailableError("the input is gone")

    chunks = resident().stream(lines())
    found = []
    with pytest.raises(UnavailableError, match="the input is gone"):
        found += list(chunks)
    assert all(chunk.record.index < 2 for chunk in found)


# --- servers that cannot now


def test_a_full_server_is_asked_again(
    server: FakeServer, resident: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "LONGEST_WAIT", 0.01)
    monkeypatch.setattr(exchange, "SHORTEST_WAIT", 0.01)
    refused: list[int] = []

    def answer(peer: Peer, request: dict[str, Any]) -> None:
        index = request["record_index"]
        if refused.count(index) < 2:
            refused.append(index)
            peer.refuse(429 if index else 503, "full", "Retry-After: 1")
        else:
            peer.speak(request)

    server.answer = answer
    assert spoken(resident().stream(records(3))) == [whole(index) for index in range(3)]
    assert len(server.requests) == 9


def test_a_server_that_stays_full_is_given_up(
    server: FakeServer, resident: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "LONGEST_WAIT", 0.01)
    monkeypatch.setattr(exchange, "SHORTEST_WAIT", 0.01)
    monkeypatch.setattr(exchange, "BUSY", 0.1)
    server.answer = lambda peer, request: peer.refuse(429, "the queue is full")
    with pytest.raises(UnavailableError, match="is busy: the queue is full"):
        list(resident().stream(records(2)))
    assert len(server.requests) > 2


@pytest.mark.parametrize("status", [400, 413, 500])
def test_a_record_that_is_refused_has_failed(
    server: FakeServer, resident: Resident, status: int
) -> None:
    def answer(peer: Peer, request: dict[str, Any]) -> None:
        if request["record_index"] == 1:
            peer.refuse(status, "input: it is too long")
        else:
            peer.speak(request)

    server.answer = answer
    failed = (1, b"", "failed", "in:1: input: it is too long")
    assert spoken(resident().stream(records(3))) == [whole(0), failed, whole(2)]


@pytest.mark.parametrize("status", [301, 302, 308, 401, 403, 404, 418, 505])
def test_a_server_that_refuses_everything(
    server: FakeServer, resident: Resident, status: int
) -> None:
    """A redirect is never followed."""
    server.answer = lambda peer, request: peer.refuse(status, "no", "Location: http://127.0.0.1:1/")
    with pytest.raises(UnavailableError, match=str(server.path)):
        list(resident().stream(records(2)))


# --- servers that break off


def body(*pieces: bytes, status: int = 200, kind: str = FRAMES) -> Callable[[Peer], None]:
    """Sends a head and these chunks."""

    def send(peer: Peer) -> None:
        peer.head(status, kind=kind)
        for piece in pieces:
            peer.chunk(piece)

    return send


BROKEN: dict[str, Callable[[Peer], None]] = {
    "no answer": lambda peer: None,
    "half a head": lambda peer: peer.send(b"HTTP/1.1 200 O"),
    "half a chunk": body(b"A"),
    "no last chunk": body(end(0)),
    "no end": body(b""),
    "not HTTP": lambda peer: peer.send(b"hello\r\n\r\n"),
    "an endless head": lambda peer: peer.send(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000),
    "a huge frame": body(b"A\xff\xff\xff\xff"),
    "a wrong length": body(end(5), b""),
    "another type": body(end(0), b"", kind="audio/pcm"),
    "an endless error": body(b"x" * 99_999, status=400),
    "excess": body(end(0) + end(0), b""),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_record_of_which_nothing_was_heard_is_asked_for_again(
    server: FakeServer, resident: Resident, how: str
) -> None:
    broken: list[int] = []

    def answer(peer: Peer, request: dict[str, Any]) -> Any:
        index = request["record_index"]
        if broken.count(index) < 1:
            broken.append(index)
            BROKEN[how](peer)
            return False
        peer.speak(request)
        return None

    server.answer = answer
    assert spoken(resident().stream(records(2))) == [whole(0), whole(1)]


@pytest.mark.parametrize("how", ["no answer", "half a chunk", "a wrong length"])
def test_a_server_that_always_breaks_off(server: FakeServer, resident: Resident, how: str) -> None:
    def answer(peer: Peer, request: dict[str, Any]) -> Any:
        if not request["record_index"]:
            BROKEN[how](peer)
            return False
        peer.speak(request)
        return None

    server.answer = answer
    first, second = spoken(resident().stream(records(2)))
    assert first[:3] == (0, b"", "failed")
    assert first[3] is not None
    assert first[3].startswith("in:0: the server broke off 3 times: ")
    assert second == whole(1)


def test_nothing_is_put_out_twice(server: FakeServer, resident: Resident) -> None:
    """Of the first record something was heard before the server broke off; not of the second."""
    again = threading.Event()  # the second one is asked for
    asked: list[int] = []

    def answer(peer: Peer, request: dict[str, Any]) -> bool | None:
        index = request["record_index"]
        asked.append(index)
        if asked.count(index) > 1:
            again.set()
            peer.speak(request)
            return None
        peer.head()
        peer.chunk(frame(b"A", b"abcd"))
        if index == 0:
            again.wait(60)
        return False

    server.answer = answer
    chunks = resident(streams=2).stream(records(2))
    first = next(chunks)
    assert first.samples.tobytes() == b"abcd"
    failed, second = spoken(chunks)
    assert failed[:3] == (0, b"", "failed")
    assert failed[3] is not None
    assert failed[3].startswith("in:0: the server broke off in the middle of it: ")
    assert second == whole(1)
    assert sorted(asked) == [0, 1, 1]


def test_a_connection_that_was_closed_while_it_idled(
    server: FakeServer, resident: Resident
) -> None:
    """However often that happens, it says nothing about the record."""

    def answer(peer: Peer, request: dict[str, Any]) -> bool:
        peer.speak(request)
        return False  # although it said that it would keep it

    server.answer = answer
    assert len(spoken(resident(streams=1).stream(records(9)))) == 9


@pytest.mark.slow
def test_a_silent_server_is_given_up(
    server: FakeServer, resident: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "SILENT", 0.1)
    monkeypatch.setattr("vvcli.client.resident.TICK", 0.05)
    server.answer = lambda peer, request: peer.is_gone() and False
    ((_, _, status, error),) = spoken(resident().stream(records(1)))
    assert status == "failed"
    assert error == "in:0: the server broke off 3 times: nothing has come for 0.1 s"


def test_a_server_that_is_gone(
    server: FakeServer, resident: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "GONE", 0.2)

    def answer(peer: Peer, request: dict[str, Any]) -> bool:
        server.close()
        return False

    server.answer = answer
    with pytest.raises(UnavailableError, match=f"the server at {server.path} is gone"):
        list(resident().stream(records(3)))


@pytest.mark.parametrize("fact", ["identity", "steps", "deterministic"])
def test_another_model_in_the_middle_of_a_run(
    server: FakeServer, resident: Resident, fact: str
) -> None:
    def answer(peer: Peer, request: dict[str, Any]) -> bool:
        server.facts[fact] = {"identity": "x", "steps": 9, "deterministic": False}[fact]
        return False

    server.answer = answer
    with pytest.raises(UnavailableError, match=rf"was started again.*\({fact}\)"):
        list(resident().stream(records(2)))


def test_whoever_stops_early_leaves(server: FakeServer, resident: Resident) -> None:
    """The server sees it, and frees the slots."""
    left = [threading.Event() for _ in range(3)]

    def answer(peer: Peer, request: dict[str, Any]) -> bool:
        _wait_for(lambda: len(server.requests) == 3)  # or only the first one may be asked for
        try:
            peer.head()
            peer.chunk(frame(b"A", b"ab"))
            is_gone = peer.is_gone()
        except ConnectionError:  # before it was answered
            is_gone = True
        if is_gone:
            left[request["record_index"]].set()
        return False

    server.answer = answer
    chunks = resident().stream(records(9))
    next(chunks)
    chunks.close()
    assert all(event.wait(60) for event in left)
    assert len(server.requests) == 3


# --- the handshake


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"version": "0.1.0"}, r"is vvcli 0\.1\.0, and this is .*: start it again"),
        ({"protocol": 2}, "start it again"),
        ({"sample_rate": 16_000}, "speaks at 16000 Hz"),
        ({"streams": 0}, "is not `vvcli serve`"),
        ({"steps": "5"}, "is not `vvcli serve`"),
        ({"deterministic": 1}, "is not `vvcli serve`"),
        ({"voices": [1]}, "is not `vvcli serve`"),
    ],
)
def test_a_server_that_does_not_fit(
    server: FakeServer, resident: Resident, facts: dict[str, Any], message: str
) -> None:
    server.facts |= facts
    with pytest.raises(UnavailableError, match=message):
        resident()


@pytest.mark.parametrize("missing", ["identity", "steps", "version", "voices"])
def test_a_handshake_without_a_fact(server: FakeServer, resident: Resident, missing: str) -> None:
    del server.facts[missing]
    with pytest.raises(UnavailableError, match="is not `vvcli serve`"):
        resident()


def test_newer_facts_do_no_harm(server: FakeServer, resident: Resident) -> None:
    server.facts["mood"] = "fine"
    assert spoken(resident().stream(records(1))) == [whole(0)]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda peer: peer.json(200, []), "is not `vvcli serve`"),
        (lambda peer: peer.json(404, FACTS), "is not `vvcli serve`"),
        (lambda peer: peer.json(302, FACTS, "Location: /x"), "is not `vvcli serve`"),
        (lambda peer: peer.send(b"220 mail.example.org ESMTP\r\n\r\n"), "is not `vvcli serve`"),
        (lambda peer: peer.connection.shutdown(2), "is not `vvcli serve`|does not answer"),
        (lambda peer: peer.refuse(401), "lets only those in who show its token"),
        (lambda peer: peer.refuse(403), "lets only those in who show its token"),
        (lambda peer: peer.refuse(503), "it is shutting down"),
        (lambda peer: peer.json(200, "x" * (1 << 21)), "the answer is too long"),
    ],
    ids=range(9),
)
def test_what_is_no_handshake(
    server: FakeServer, resident: Resident, answer: Any, message: str
) -> None:
    server.handshake = answer
    with pytest.raises(UnavailableError, match=message):
        resident()


def test_a_server_that_does_not_answer_in_time(server: FakeServer) -> None:
    server.handshake = lambda peer: peer.is_gone() and None
    with pytest.raises(UnavailableError, match=r"does not answer: no answer within 0\.1 s"):
        ServerLink(ServerAddress(str(server.path)), timeout=0.1)


def test_a_server_that_is_late_is_said_to_be_waited_for(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.01)
    said = threading.Event()

    def answer(peer: Peer) -> None:
        assert said.wait(60)
        peer.json(200, server.facts)

    server.handshake = answer
    link = ServerLink(ServerAddress(str(server.path)), say_late=said.set)
    assert link.facts.steps == 5
    link.close()


def test_no_server(server: FakeServer) -> None:
    server.close()
    with pytest.raises(NoServerError, match="no server answers at"):
        ServerLink(ServerAddress(str(server.path)))


def test_the_token_is_shown_with_every_request(server: FakeServer) -> None:
    secret = "0123456789abcdef"  # noqa: S105 - of no server
    link = ServerLink(ServerAddress(str(server.path)), secret)
    connection = link.open()
    connection.close()
    assert [each["authorization"] for each in server.headers] == [f"Bearer {secret}"]
    assert server.headers[0]["host"] == "localhost"


@pytest.mark.parametrize(
    ("asked", "name"),
    [(None, "en-Ada_woman"), ("ben", "en-Ben_man"), ("EN-BEN_MAN", "en-Ben_man")],
)
def test_a_voice_by_its_name(
    server: FakeServer, resident: Resident, asked: str | None, name: str
) -> None:
    assert resident(voice=asked).voice.name == name
    with pytest.raises(UnavailableError, match="the server has no voice 'Cy': it has en-Ada_woman"):
        resident(voice="Cy")


def test_samples_for_formats_that_compute(server: FakeServer, resident: Resident) -> None:
    for sample_type, expected in (("int16", [1] * 8), ("float32", [0.001] * 8)):
        client = resident(sample_type=sample_type, as_bytes=False)
        (chunk,) = (each for each in client.stream(records(1)) if len(each.samples))
        assert chunk.samples.dtype == sample_type
        assert chunk.samples.tolist() == pytest.approx(expected)
    assert FRAMES == "application/vnd.vvcli.frames"
