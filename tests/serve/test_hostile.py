"""Clients that stall, leave, lie, flood and come from where they may not: nobody else notices."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.serve.server import (
    ENDLESS,
    LONG,
    PATIENCE,
    SHORT,
    Server,
    everything,
    head,
    running,
    speech,
    wait_until,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("hasty")
    options = ("--listen", "127.0.0.1:0", "--queue", "2", "--max-ahead", "1")
    with running(folder, *options, streams=2, hasty=True) as found:
        yield found
        assert found.process.poll() is None, "the server has died"


@pytest.fixture(autouse=True)
def nothing_is_lost(hasty: Server, expected: dict[str, bytes]) -> Iterator[None]:
    """After each test all slots are free, and audio is what it was."""
    yield
    for name in ("sessions", "streams_playing", "streams_waiting"):
        wait_until(lambda name=name: hasty.figure(f"vvcli_{name}") == 0)  # type: ignore[misc]
    assert hasty.speak(SHORT) == expected[SHORT]


def test_headers_that_never_end(hasty: Server) -> None:
    """All at once: they are waited for."""
    with ExitStack() as stack:
        starts = [b"", b"POST", head()[:-2], head()[:-2] + b"X-Slow: "]
        waiting = [(stack.enter_context(hasty.connect()), start) for start in starts]
        for client, start in waiting:
            client.sendall(start)
        for _ in range(int(PATIENCE / 0.1)):
            time.sleep(0.1)
            waiting = [(client, start) for client, start in waiting if goes_on(client, start)]
            if not waiting:
                return
        raise AssertionError(f"still waited for: {[start for _, start in waiting]}")


def goes_on(client: socket.socket, start: bytes) -> bool:
    """Send some more; whether the other end still listens."""
    try:
        client.setblocking(True)
        client.sendall(b"x" if start else b"")
        client.setblocking(False)
        return client.recv(1000) != b""
    except BlockingIOError:
        return True
    except (BrokenPipeError, ConnectionResetError):
        return False


def test_headers_without_end(hasty: Server) -> None:
    with hasty.connect() as client:
        client.sendall(head()[:-2])
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            client.sendall((b"X-More: " + b"x" * 8000 + b"\r\n") * 1000)


def test_a_body_that_never_ends(hasty: Server) -> None:
    with hasty.connect() as client:
        client.sendall(head("/v1/audio/speech", "Content-Length: 1000") + b'{"input": ')
        answer = everything(client)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"body_timeout"' in answer


def test_a_client_that_leaves_before_its_body_is_whole(hasty: Server) -> None:
    for _ in range(10):
        with hasty.connect() as client:
            client.sendall(head("/v1/audio/speech", "Content-Length: 1000") + b'{"input": ')
    wait_until(lambda: any(line.get("cancelled") for line in hasty.lines()))


@pytest.mark.parametrize("length", ["1048577", "99999999999999999999"])
def test_a_body_that_is_said_to_be_too_long(hasty: Server, length: str) -> None:
    with hasty.connect() as client:
        client.sendall(head("/v1/audio/speech", f"Content-Length: {length}"))
        with suppress(BrokenPipeError, ConnectionResetError):  # it need not wait for a body
            client.sendall(b"x" * 100_000)
        answer = everything(client)
    assert not answer or answer.split()[1] in (b"413", b"400")


def test_a_body_that_is_too_long(hasty: Server) -> None:
    error = hasty.error(413, body=b'"' + b"x" * (1 << 20) + b'"')
    assert error["code"] == "body_too_large"
    with hasty.connect() as client:
        client.sendall(head("/v1/audio/speech", "Transfer-Encoding: chunked"))
        with suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(17):
                client.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            client.sendall(b"0\r\n\r\n")
        assert everything(client).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        head("/healthz", "Content-Length: -1"),
        head("/healthz", "Content-Length: 3", "Content-Length: 4"),
        head("/healthz", "Content-Length: 3", "Transfer-Encoding: chunked"),
        head("/v1/audio/speech", "Transfer-Encoding: chunked") + b"zz\r\n",
        head("/v1/audio/stream", "Upgrade: websocket", "Connection: Upgrade", method="GET"),
    ],
)
def test_what_is_no_request(hasty: Server, data: bytes) -> None:
    with hasty.connect() as client:
        client.sendall(data)
        answer = everything(client)
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))


def test_clients_that_leave(hasty: Server, expected: dict[str, bytes]) -> None:
    """At any moment: while they wait, before and in the middle of their audio."""
    dice = random.Random(7)  # noqa: S311
    for round_number in range(25):
        with hasty.connect() as client:
            client.sendall(speech(dice.choice([LONG, ENDLESS])))
            if round_number % 2:
                client.recv(dice.choice([1, 1000, 100_000]))
            time.sleep(dice.random() * 0.02)
        if not round_number % 5:
            wait_until(lambda: hasty.figure("vvcli_streams_waiting") == 0)
            assert hasty.speak(LONG) == expected[LONG]


def test_clients_that_do_not_read(hasty: Server, expected: dict[str, bytes]) -> None:
    """They hold every slot, for a while; whoever waits gets one then."""
    stalled = [hasty.connect() for _ in range(2)]
    for client in stalled:
        client.sendall(speech(ENDLESS))
    wait_until(lambda: hasty.figure("vvcli_streams_playing") == 2)
    assert hasty.speak(SHORT) == expected[SHORT]
    # One slot was enough for that: whoever has the other one would be heard to its end.
    wait_until(lambda: hasty.figure("vvcli_streams_playing") == 0)
    for client in stalled:
        assert len(everything(client)) < 60 * 48_000
        client.close()


def test_a_flood_of_connections(hasty: Server, expected: dict[str, bytes]) -> None:
    clients = [hasty.connect() for _ in range(100)]
    for client in clients:
        client.close()

    def is_served() -> bool:
        try:
            return hasty.speak(SHORT) == expected[SHORT]
        except ConnectionError:  # some of them are not gone yet
            return False

    wait_until(is_served)


def test_requests_in_one_breath(hasty: Server, expected: dict[str, bytes]) -> None:
    with hasty.connect() as client:
        client.sendall(speech(SHORT, response_format="f32le") * 3 + head("/healthz", method="GET"))
        heard = b""
        while b'{"status":"ok"}' not in heard:
            data = client.recv(1 << 20)
            assert data, "it was closed"
            heard += data
    assert heard.count(b"HTTP/1.1 200 OK") == 4


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["Origin: https://evil.example"], "origin_not_allowed"),
        (["Origin: null"], "origin_not_allowed"),
        (["Host: evil.example"], "host_not_allowed"),
    ],
)
def test_nobody_comes_in_from_the_web(hasty: Server, lines: list[str], code: str) -> None:
    with hasty.connect(tcp=True) as client:
        data = speech(ENDLESS)
        if lines[0].startswith("Host"):
            data = data.replace(b"Host: localhost", lines[0].encode())
        else:
            data = data.replace(b"\r\n", b"\r\n" + lines[0].encode() + b"\r\n", 1)
        client.sendall(data)
        answer = everything(client)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == code
