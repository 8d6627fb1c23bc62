"""From the first line to the last stream: signals, full queues, crashes, tokens, the log."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import unix_connect

from tests.conftest import TINY, InProcess
from tests.serve.server import (
    ENDLESS,
    HUP,
    INT,
    KILL,
    PATIENCE,
    SHORT,
    TERM,
    Server,
    everything,
    running,
    speech,
    wait_until,
)
from vvcli.serve.drain import drain


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.mark.slow
def test_those_that_play_finish_and_nobody_begins(folder: Path) -> None:
    with (
        running(folder, "--queue", "1", "--max-ahead", "1", streams=1) as server,
        server.connect() as playing,
        server.connect() as waiting,
        server.connect() as idle,
        unix_connect(str(server.socket), "ws://localhost/v1/audio/stream") as stream,
    ):
        assert json.loads(stream.recv(PATIENCE))["type"] == "ready"
        playing.sendall(speech(ENDLESS))
        wait_until(lambda: server.figure("vvcli_streams_playing") == 1)
        waiting.sendall(speech(SHORT))
        wait_until(lambda: server.figure("vvcli_streams_waiting") == 1)

        status, headers, body = server.request("/v1/audio/speech", {"input": SHORT})
        assert (status, headers["retry-after"]) == (429, "1")
        assert json.loads(body)["error"]["code"] == "queue_full"
        stream.send(json.dumps({"type": "speak", "text": SHORT}))
        assert json.loads(stream.recv(PATIENCE))["error"]["code"] == "queue_full"

        server.signal(TERM)
        assert waiting.recv(65536).startswith(b"HTTP/1.1 503 ")
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
        assert not server.socket.exists()
        with pytest.raises(FileNotFoundError):
            server.connect()
        idle.sendall(speech(SHORT))
        assert idle.recv(65536).startswith(b"HTTP/1.1 503 ")
        body = everything(playing)
        assert body.endswith(b"\r\n0\r\n\r\n")
        assert len(body) > 60 * 48_000
        assert server.wait() == 0


@pytest.mark.slow
def test_a_second_signal_cuts_off_those_that_play(folder: Path) -> None:
    with (
        running(folder, "--drain", "600", "--max-ahead", "1", streams=2) as server,
        server.connect() as plain,
        server.connect() as framed,
    ):
        plain.sendall(speech(ENDLESS))
        framed.sendall(speech(ENDLESS, stream_format="frames"))
        wait_until(lambda: server.figure("vvcli_streams_playing") == 2)
        server.signal(TERM)
        wait_until(lambda: not server.socket.exists())
        server.signal(TERM)
        assert server.wait() == 0
        for client in (plain, framed):
            body = everything(client)
            assert len(body) < 60 * 48_000
            assert not body.endswith(b"0\r\n\r\n")
            assert b'"status"' not in body


@pytest.mark.slow
def test_after_kill_the_next_one_starts(folder: Path, expected: dict[str, bytes]) -> None:
    with running(folder) as first, first.connect() as client:
        client.sendall(speech(ENDLESS))
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        first.signal(KILL)
        assert first.wait() == -9
        assert first.socket.is_socket()
        with running(folder) as second:
            assert second.speak(SHORT) == expected[SHORT]
            third = Server(folder)
            assert third.wait() == 4
            assert third.process.stderr is not None
            assert b"a server listens at" in third.process.stderr.read()
            third.stop()
            assert second.speak(SHORT) == expected[SHORT]


@pytest.mark.slow
def test_a_token_and_a_log_until_interrupted(folder: Path, expected: dict[str, bytes]) -> None:
    token = folder / "token"
    token.write_text("0123456789abcdef\n")
    token.chmod(0o600)
    arguments = ("--listen", "127.0.0.1:0", "--token-file", str(token))
    fields = {"input": SHORT, "response_format": "pcm"}
    with running(folder, *arguments) as server:
        right = {"Authorization": "Bearer 0123456789abcdef"}
        status, _, body = server.request("/v1/audio/speech", fields, headers=right, tcp=True)
        assert (status, body) == (200, expected[SHORT])

        wait_until(lambda: len(server.lines()) == 1)  # written after the answer is out
        old = folder / "log.1"
        server.log.rename(old)
        server.signal(HUP)
        wait_until(server.log.exists)
        (line,) = map(json.loads, old.read_text().splitlines())
        assert (line["record"], line["characters"], line["status"]) == ("ok", len(SHORT), 200)
        assert SHORT not in old.read_text()

        for headers in ({}, {"Authorization": "Bearer 0123456789abcdeF"}):
            error = server.error(401, fields=fields, headers=headers, tcp=True)
            assert error["code"] == "invalid_token"
        assert server.request("/healthz", tcp=True)[0] == 200
        assert server.speak(SHORT) == expected[SHORT]  # the socket's rights let it in
        assert server.error(404, "/%0a%1b[2J%e2%80%ae")["code"] == "not_found"
        assert server.log.read_bytes().isascii()
        wait_until(lambda: len(server.lines()) == 5)  # written after the answer is out
        lines = sorted(server.lines(), key=lambda line: line["status"])  # and not always in order
        assert [line["status"] for line in lines] == [200, 200, 401, 401, 404]
        assert lines[-1]["path"] == "/\n\x1b[2J\u202e"

        server.signal(INT)
        assert server.wait() == -2
        assert not server.socket.exists()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ("", 2, "give --listen 127.0.0.1:8880, or --socket"),
        ("--listen 0.0.0.0:0", 2, "that needs a token: give --token-file"),
        (
            "--listen nonsense",
            2,
            "--listen: 'nonsense' is not HOST:PORT with a PORT from 0",
        ),
        ("--socket OPEN/s", 2, "other users can write to its folder"),
        ("--systemd", 2, "systemd has handed over no socket"),
        ("--systemd --listen 127.0.0.1:0", 2, "leave out --listen and --socket"),
        ("--socket FOLDER/s --token-file /none", 2, "cannot read the token file /none"),
        ("--socket FOLDER/s --log /none/log", 5, "cannot write to /none/log"),
        ("--socket FOLDER/s -V Eve", 4, "there is no voice 'Eve'"),
    ],
)
def test_what_does_not_start(
    vvcli: InProcess,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    status: int,
    message: str,
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    words = arguments.replace("FOLDER", str(folder)).replace("OPEN", f"{folder}/open").split()
    result = vvcli("serve", "-q", "-m", TINY, *words)
    assert result.status == status
    assert message in result.error
    assert not (folder / "s").exists()


class Endless:
    """A conversation that does not end by itself."""

    def __init__(self, conversations: set[Any]) -> None:
        self.told: list[str] = []
        self._conversations = conversations

    def drain(self) -> None:
        self.told.append("drain")

    def abort(self) -> None:
        self.told.append("abort")
        self._conversations.discard(self)


def test_those_that_do_not_end_are_cut_off() -> None:
    conversations: set[Any] = set()
    limits = SimpleNamespace(drain=0.1)
    context: Any = SimpleNamespace(is_draining=False, limits=limits, conversations=conversations)
    endless = [Endless(conversations) for _ in range(3)]
    conversations |= {*endless}

    async def end() -> None:
        await drain(context, asyncio.Event())

    asyncio.run(end())
    assert context.is_draining
    assert [each.told for each in endless] == [["drain", "abort"]] * 3
