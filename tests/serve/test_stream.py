"""`WS /v1/audio/stream`: text as it is written, audio as it is made, by websockets' own client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect, unix_connect

from tests.serve.server import ENDLESS, LONG, PATIENCE, SHORT, Server, frames, wait_until
from vvcli import Record, Synthesizer
from vvcli.audio.pcm import F32LE, S16LE
from vvcli.serve.api_error import ApiError
from vvcli.serve.stream_commands import parse_command

PATH = "/v1/audio/stream"


@pytest.mark.parametrize("message", ["text", "[]"])
def test_a_message_that_is_no_object_is_called_a_message(message: str) -> None:
    with pytest.raises(ApiError, match=r"the message is not (JSON: |a JSON object)"):
        parse_command(message)


@contextmanager
def stream(server: Server, **config: Any) -> Iterator[ClientConnection]:
    with unix_connect(
        str(server.socket), f"ws://localhost{PATH}", open_timeout=PATIENCE, compression=None
    ) as client:
        ready = json.loads(client.recv(PATIENCE))
        assert (ready["type"], ready["protocol"]) == ("ready", 1)
        if config:
            say(client, type="config", **config)
        yield client


def say(client: ClientConnection, **message: Any) -> None:
    client.send(json.dumps(message))


def listen(client: ClientConnection, until: str) -> tuple[list[dict[str, Any]], list[bytes]]:
    """The messages up to one of the type `until`, and the audio of each record among them."""
    events: list[dict[str, Any]] = []
    audio: list[bytes] = []
    while not events or events[-1]["type"] != until:
        message = client.recv(PATIENCE)
        if isinstance(message, bytes):
            audio[-1:] = [b"".join([*audio[-1:], message])]
        else:
            events.append(json.loads(message))
            if events[-1]["type"] == "record":
                audio.append(b"")
    return events, audio


@pytest.mark.slow
def test_text_as_it_is_written(server: Server, local: Synthesizer) -> None:
    sentences = ["Hello there.", "How are you?", "Fine"]
    with stream(server) as client:
        for letter in "Hello there. How are you?\nFine":
            say(client, type="text", text=letter)
        say(client, type="end")
        events, audio = listen(client, until="done")
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000
    spoken = [S16LE.encode(utterance.samples) for utterance in local.speak(sentences)]
    assert audio == spoken
    begun = [(e["record_index"], e["text"]) for e in events if e["type"] == "record"]
    assert begun == [*enumerate(sentences)]
    ended = [(e["record_index"], e["status"], 2 * e["samples"]) for e in events if "status" in e]
    assert ended == [(n, "ok", len(pcm)) for n, pcm in enumerate(spoken)]


@pytest.mark.slow
def test_settings_are_for_the_text_after_them(server: Server, local: Synthesizer) -> None:
    with stream(server) as client:
        say(client, type="speak", text=SHORT)
        _, first = listen(client, until="record_end")
        say(client, type="config", voice="Ben", response_format="f32le", record_index=5)
        say(client, type="text", text="No")
        say(client, type="flush")
        _, second = listen(client, until="record_end")
        say(client, type="config", seed=7)
        say(client, type="speak", text=SHORT)
        events, third = listen(client, until="record_end")
    records = [Record(0, SHORT), Record(5, "No", voice="Ben")]
    one, two = (utterance.samples for utterance in local.speak(records))
    assert first == [S16LE.encode(one)]
    assert second == [F32LE.encode(two)]
    assert events[0]["record_index"] == 6
    assert third != first


@pytest.mark.slow
def test_cancelling_drops_what_is_not_heard(server: Server, local: Synthesizer) -> None:
    with stream(server) as client:
        for _ in range(4):
            say(client, type="text", text=f"{LONG}{LONG}Half a sentence")
            say(client, type="cancel")
            listen(client, until="cancelled")
            say(client, type="speak", text=SHORT)
            events, audio = listen(client, until="record_end")
            assert [event["text"] for event in events if event["type"] == "record"] == [SHORT]
            index = events[0]["record_index"]
            (utterance,) = local.speak([Record(index, SHORT)])
            assert audio == [S16LE.encode(utterance.samples)]
    wait_until(lambda: server.figure("vvcli_streams_playing") == 0)


def test_wrong_messages_are_told_and_change_nothing(server: Server) -> None:
    wrong: list[tuple[str | bytes, str]] = [
        (b"\0\0", "invalid_json"),
        ("text", "invalid_json"),
        ("[]", "invalid_json"),
        ('{"type": "sing"}', "invalid_value"),
        ('{"type": "flush", "type": "cancel"}', "duplicate_field"),
        ('{"text": "Hello."}', "invalid_value"),
        ('{"type": ["text"]}', "invalid_value"),
        ('{"type": "text"}', "missing_field"),
        ('{"type": "speak"}', "missing_field"),
        ('{"type": "text", "text": 3}', "invalid_value"),
        ('{"type": "text", "text": "a\\u0000b"}', "invalid_value"),
        ('{"type": "speak", "text": "\\u001b[2J"}', "invalid_value"),
        ('{"type": "flush", "text": "x"}', "unknown_field"),
        ('{"type": "config", "input": "x"}', "unknown_field"),
        ('{"type": "config", "voice": "Eve"}', "unknown_voice"),
        ('{"type": "config", "voice": "/etc/passwd"}', "unknown_voice"),
        ('{"type": "config", "response_format": "mp3"}', "invalid_value"),
    ]
    with stream(server) as client:
        for message, code in wrong:
            client.send(message)
            events, _ = listen(client, until="error")
            assert events[-1]["error"]["code"] == code
        say(client, type="speak", text="[[voice Eve]] Hello.")
        events, _ = listen(client, until="record_end")
        assert events[-1]["status"] == "failed"
        say(client, type="speak", text=SHORT)
        assert listen(client, until="record_end")[0][-1]["status"] == "ok"
        say(client, type="text", text="Half a sentence")
        say(client, type="config", seed=1)
        events, _ = listen(client, until="error")
        assert events[-1]["error"]["code"] == "config_too_late"
        say(client, type="flush")
        listen(client, until="record_end")
        # More than is sent unheard, by either side: the messages after it come in time.
        say(client, type="speak", text=ENDLESS * 10)
        say(client, type="config", seed=1)
        events, _ = listen(client, until="error")
        assert events[-1]["error"]["code"] == "config_too_late"
        say(client, type="end")
        say(client, type="speak", text=SHORT)
        events, _ = listen(client, until="error")
        assert events[-1]["error"]["code"] == "session_over"


def test_a_message_that_is_too_long_ends_it(server: Server) -> None:
    with stream(server) as client:
        say(client, type="text", text="x" * 100_000)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_a_flood_of_text_is_bounded(server: Server) -> None:
    with stream(server) as client:
        for _ in range(60):
            say(client, type="text", text="Go on. " * 10)
        codes: list[str] = []
        while "busy" not in codes and len(codes) < 600:
            message = client.recv(PATIENCE)
            if isinstance(message, str) and json.loads(message)["type"] == "error":
                codes.append("busy" if "256" in message else message)
        assert codes == ["busy"]
        say(client, type="cancel")
        listen(client, until="cancelled")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Origin": "https://evil.example"}, 403), ({"Host": "evil.example"}, 403)],
)
def test_nobody_comes_in_from_the_web(server: Server, headers: dict[str, str], status: int) -> None:
    url = f"ws://127.0.0.1:{server.port}{PATH}"
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(url, additional_headers=headers, open_timeout=PATIENCE),
    ):
        pass
    assert refused.value.response.status_code == status
    assert b'"permission_error"' in (refused.value.response.body or b"")


@pytest.mark.slow
def test_many_records_through_three_doors(server: Server, local: Synthesizer) -> None:
    """HTTP on TCP, frames on the Unix socket, a WebSocket: the bytes of `speak`."""
    words = ["Yes.", "No.", "Hello there.", "Why?", "Go on.", "Good night."]
    texts = [words[n * n % 7 % 6] for n in range(36)]
    spoken = [S16LE.encode(utterance.samples) for utterance in local.speak(texts)]

    def http(index: int) -> bytes:
        fields = {"input": texts[index], "record_index": index, "response_format": "pcm"}
        return server.request("/v1/audio/speech", fields, tcp=True)[2]

    def framed(index: int) -> bytes:
        body = server.speak(texts[index], record_index=index, stream_format="frames")
        return b"".join(data for kind, data in frames(body) if kind == b"A")

    with ThreadPoolExecutor(2) as pool, stream(server, record_index=24) as client:
        for text in texts[24:]:
            say(client, type="speak", text=text)
        say(client, type="end")
        by_http, by_socket = pool.map(http, range(12)), pool.map(framed, range(12, 24))
        _, by_stream = listen(client, until="done")
        assert [*by_http, *by_socket, *by_stream] == spoken
