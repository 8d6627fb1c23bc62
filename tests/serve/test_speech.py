"""`POST /v1/audio/speech`: OpenAI's fields and ours, each format, each error."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import soundfile  # type: ignore[import-untyped]

from tests.conftest import TINY
from tests.serve.server import (
    ENDLESS,
    LONG,
    SHORT,
    Server,
    everything,
    frames,
    head,
    speech,
    wait_until,
)
from vvcli import Record, Synthesizer
from vvcli.audio.pcm import F32LE, S16LE
from vvcli.serve.encoding import make_encoder


@pytest.mark.slow
def test_audio_is_that_of_speak(server: Server, expected: dict[str, bytes]) -> None:
    for text, pcm in expected.items():
        assert server.speak(text) == pcm
    assert server.speak(SHORT, stream_format="audio", speed=1, model="vvcli") == expected[SHORT]


@pytest.mark.slow
def test_what_is_asked_for_is_obeyed(server: Server, local: Synthesizer) -> None:
    cases: list[tuple[dict[str, Any], Record]] = [
        ({"voice": "Ben"}, Record(0, SHORT, voice="Ben")),
        ({"voice": {"id": "ben"}}, Record(0, SHORT, voice="Ben")),
        ({"seed": 7}, Record(0, SHORT, seed=7)),
        ({"record_index": 3}, Record(3, SHORT)),
        ({"cfg_scale": 3}, Record(0, SHORT, cfg_scale=3.0)),
        ({"voice": None, "seed": None}, Record(0, SHORT)),
    ]
    for fields, record in cases:
        (utterance,) = local.speak([record])
        assert server.speak(SHORT, **fields) == S16LE.encode(utterance.samples)
    (utterance,) = local.speak([SHORT])
    assert server.speak(SHORT, response_format="f32le") == F32LE.encode(utterance.samples)
    # What is stretched was rounded before, as where `speak` writes 16 bits.
    rounded = Synthesizer(
        TINY, "Ada", streams=3, steps=2, seed=42, deterministic=True, sample_type="int16"
    )
    (utterance,) = rounded.speak([Record(2, LONG, speed=0.6)])
    for name in ("pcm", "wav"):
        audio = server.speak(LONG, speed=0.6, record_index=2, response_format=name)
        assert audio.endswith(S16LE.encode(utterance.samples))
    paused = server.speak("[[pause 1s]]" + SHORT)
    assert paused[:48_000] == bytes(48_000)
    assert paused[48_000:] == server.speak(SHORT)
    assert server.speak("[[pause 1s]]", commands=False) != bytes(48_000)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("wav", "audio/wav"),
        ("flac", "audio/flac"),
        ("opus", "audio/ogg"),
        ("mp3", "audio/mpeg"),
        (None, "audio/mpeg"),
    ],
)
def test_each_format_is_that_of_speak_into_a_pipe(
    server: Server,
    local: Synthesizer,
    expected: dict[str, bytes],
    name: str | None,
    media_type: str,
) -> None:
    fields = {"input": LONG} | ({} if name is None else {"response_format": name})
    status, headers, body = server.request("/v1/audio/speech", fields)
    assert (status, headers["content-type"]) == (200, media_type)
    assert headers["transfer-encoding"] == "chunked"
    (utterance,) = local.speak([LONG])
    if name == "wav":
        assert (body[:4], body[40:44], body[44:]) == (b"RIFF", b"\xff" * 4, expected[LONG])
    elif name == "opus":  # whose streams are numbered at random
        samples, rate = soundfile.read(io.BytesIO(body))
        assert rate == 24_000
        assert abs(len(samples) - len(utterance.samples)) < 1_000
    else:
        encoder = make_encoder(name or "mp3")
        assert body == encoder.encode(utterance.samples) + encoder.finish()


def test_events(server: Server, expected: dict[str, bytes]) -> None:
    fields = {"input": SHORT, "response_format": "pcm", "stream_format": "sse"}
    _, headers, body = server.request("/v1/audio/speech", fields)
    assert headers["content-type"].startswith("text/event-stream")
    events = [json.loads(e.removeprefix("data: ")) for e in body.decode().split("\n\n")[:-1]]
    *deltas, done = events
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert b"".join(base64.b64decode(e["audio"]) for e in deltas) == expected[SHORT]
    assert (done["type"], done["status"]) == ("speech.audio.done", "ok")


def test_frames_say_how_the_record_ended(server: Server, expected: dict[str, bytes]) -> None:
    def ask(text: str, **fields: Any) -> tuple[bytes, dict[str, Any]]:
        body = server.speak(text, stream_format="frames", **fields)
        *audio, (kind, end) = frames(body)
        assert kind == b"E"
        assert {kind for kind, _ in audio} <= {b"A"}
        return b"".join(data for _, data in audio), json.loads(end)

    audio, end = ask(LONG)
    assert audio == expected[LONG]
    assert end == {
        "status": "ok",
        "error": None,
        "samples": len(expected[LONG]) // 2,
        "clipped": 0,
        "spoken": LONG.strip(),
        "respelled": 0,
    }
    assert ask(" \n")[1]["status"] == "blank"
    audio, end = ask("[[voice Eve]] Hello.", source="book.txt:12")
    assert (audio, end["status"]) == (b"", "failed")
    assert end["error"] == "book.txt:12: there is no voice 'Eve'"


def test_audio_leaves_frame_by_frame(server: Server, expected: dict[str, bytes]) -> None:
    """As one chunk for each frame or few; a client that has the first may still be alone."""
    with server.connect() as client:
        client.sendall(speech(LONG))
        response = client.makefile("rb")
        while response.readline() != b"\r\n":
            pass
        sizes = []
        while size := int(response.readline(), 16):
            sizes.append(size)
            response.read(size + 2)
        assert sum(sizes) == len(expected[LONG])
        assert len(sizes) > 1


def test_a_client_that_asks_first_is_told_to_go_on(
    server: Server, expected: dict[str, bytes]
) -> None:
    body = json.dumps({"input": SHORT, "response_format": "pcm"}).encode()
    with server.connect() as client:
        lines = (f"Content-Length: {len(body)}", "Expect: 100-continue", "Connection: close")
        client.sendall(head("/v1/audio/speech", *lines))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert b"".join(iter(lambda: client.recv(65536), b"")).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({}, "missing_field", "input"),
        ({"input": 3}, "invalid_value", "input"),
        ({"input": None}, "invalid_value", "input"),
        ({"input": "a\0b"}, "invalid_value", "input"),
        ({"input": " "}, "blank_input", "input"),
        ({"input": "lone \ud800"}, "unspeakable", "input"),
        ({"input": "[[voice Eve]] Yes."}, "unspeakable", "input"),
        ({"input": SHORT, "voice": "Eve"}, "unknown_voice", "voice"),
        ({"input": SHORT, "voice": "/etc/passwd"}, "unknown_voice", "voice"),
        ({"input": SHORT, "voice": str(Path(__file__))}, "unknown_voice", "voice"),
        ({"input": SHORT, "voice": ""}, "invalid_value", "voice"),
        ({"input": SHORT, "voice": ["Ada"]}, "invalid_value", "voice"),
        ({"input": SHORT, "response_format": "aac"}, "invalid_value", "response_format"),
        ({"input": SHORT, "stream_format": "frames"}, "invalid_value", "response_format"),
        ({"input": SHORT, "seed": -1}, "invalid_value", "seed"),
        ({"input": SHORT, "seed": 1e9}, "invalid_value", "seed"),
        ({"input": SHORT, "cfg_scale": "x"}, "invalid_value", "cfg_scale"),
        ({"input": SHORT, "record_index": 2**32}, "invalid_value", "record_index"),
        ({"input": SHORT, "language": "tlh"}, "invalid_value", "language"),
        ({"input": SHORT, "commands": 1}, "invalid_value", "commands"),
        ({"input": SHORT, "source": "x" * 1001}, "invalid_value", "source"),
        ({"input": SHORT, "speed": 0.25}, "invalid_value", "speed"),
        ({"input": SHORT, "instructions": "sing"}, "unknown_field", "instructions"),
    ],
)
def test_wrong_fields(server: Server, fields: dict[str, Any], code: str, param: str) -> None:
    error = server.error(400, fields=fields)
    assert error["type"] == "invalid_request_error"
    assert (error["code"], error["param"]) == (code, param)
    assert str(TINY) not in error["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000, b"1e999"])
def test_a_body_that_is_no_object(server: Server, body: bytes) -> None:
    assert server.error(400, body=body)["code"] == "invalid_json"


def test_a_field_that_is_there_twice(server: Server) -> None:
    error = server.error(400, body=b'{"input": "Yes.", "seed": 1, "input": "No."}')
    assert (error["code"], error["param"]) == ("duplicate_field", "input")


def test_paths_and_methods(server: Server) -> None:
    assert server.error(404, "/v1/audio")["code"] == "not_found"
    assert server.error(404, "/")["code"] == "not_found"
    assert server.error(404, "/v1/audio/stream")["code"] == "not_found"
    assert server.error(405, "/v1/audio/speech", method="GET")["code"] == "method_not_allowed"
    assert server.error(405, "/healthz", method="DELETE")["code"] == "method_not_allowed"
    error = server.error(404, fields={"input": SHORT, "model": "tts-1"})
    assert (error["code"], error["param"]) == ("model_not_found", "model")


def test_what_the_server_says_of_itself(server: Server) -> None:
    def get(path: str) -> Any:
        status, _, body = server.request(path)
        assert status == 200
        return json.loads(body)

    handshake = get("/v1/handshake")
    assert handshake["protocol"] == 1
    assert (handshake["steps"], handshake["streams"], handshake["queue"]) == (2, 3, 4)
    assert (handshake["seed"], handshake["deterministic"]) == (42, True)
    assert handshake["sample_rate"] == 24_000
    models = get("/v1/models")["data"]
    assert [model["id"] for model in models] == ["vvcli"]
    assert get("/v1/models/vvcli") == models[0]
    assert server.error(404, "/v1/models/tts-1")["code"] == "not_found"
    voices = {voice["id"]: voice["default"] for voice in get("/v1/voices")["data"]}
    assert voices == {"tiny-Ada_woman": True, "tiny-Ben_man": False}
    assert [*voices] == handshake["voices"]
    assert get("/healthz") == {"status": "ok"}
    server.speak(SHORT)  # it is counted after the answer is out
    wait_until(lambda: server.figure('vvcli_records_total{status="ok"}') > 0)
    wait_until(lambda: server.figure("vvcli_first_audio_seconds_count") > 0)


@pytest.mark.slow
def test_a_slow_reader_does_not_slow_others(server: Server, expected: dict[str, bytes]) -> None:
    with server.connect() as slow:
        slow.sendall(speech(ENDLESS))
        heard = slow.recv(1000)
        for _ in range(10):
            assert server.speak(SHORT) == expected[SHORT]
            heard += slow.recv(100_000)
        while not heard.endswith(b"\r\n0\r\n\r\n"):
            heard += slow.recv(1 << 20)
        assert len(heard) > 60 * 48_000


# --- other people's clients


@pytest.mark.slow
def test_openai(server: Server, expected: dict[str, bytes]) -> None:
    import openai  # which takes two seconds: not in every process that runs tests

    address = f"http://127.0.0.1:{server.port}/v1"
    client = openai.OpenAI(base_url=address, api_key="none", max_retries=0)
    with client.audio.speech.with_streaming_response.create(
        model="vvcli", voice="Ada", input=LONG, response_format="pcm"
    ) as response:
        assert b"".join(response.iter_bytes()) == expected[LONG]
    assert [model.id for model in client.models.list()] == ["vvcli"]
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(model="vvcli", voice="Eve", input=SHORT)
    assert (caught.value.code, caught.value.param) == ("unknown_voice", "voice")
    with pytest.raises(openai.NotFoundError):
        client.audio.speech.create(model="tts-1", voice="Ada", input=SHORT)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(server: Server, expected: dict[str, bytes]) -> None:
    body = json.dumps({"input": LONG, "response_format": "pcm"})
    places = (
        ["--unix-socket", str(server.socket), "http://localhost/v1/audio/speech"],
        [f"127.0.0.1:{server.port}/v1/audio/speech"],
    )
    for place in places:
        done = subprocess.run(
            ["curl", "-sS", "--fail", "-d", body, *place], capture_output=True, check=True
        )
        assert done.stdout == expected[LONG]


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/v1/audio/speech", "/healthz"])
def test_an_old_client_gets_no_chunks(
    server: Server, expected: dict[str, bytes], path: str
) -> None:
    """HTTP/1.0, as some proxies still speak it: the audio ends with the connection."""
    is_speech = path != "/healthz"
    asked = speech(LONG) if is_speech else head(path, method="GET")
    with server.connect() as client:
        client.sendall(asked.replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        found, _, body = everything(client).partition(b"\r\n\r\n")
    assert body == (expected[LONG] if is_speech else b'{"status":"ok"}')
    assert b"transfer-encoding" not in found
    assert (b"content-length" in found) != is_speech
