"""Who is let in: by Host, Origin and token, on TCP and on the Unix socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from vvcli.serve.access_log import AccessLog
from vvcli.serve.guard import Admission, Guard, respond
from vvcli.serve.metrics import Metrics
from vvcli.speech.session_backend import SessionLoad

TOKEN = "0123456789abcdef"  # noqa: S105


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/broken":
        raise LookupError("a mistake of ours")
    await respond(scope, send, 200, b"in", [])


def ask(
    admission: Admission,
    *headers: tuple[str, str],
    port: int | None = 8880,
    path: str = "/v1/models",
    **scope: Any,
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a request."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing more comes")

    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    guard = Guard(app, admission, AccessLog(None), Metrics(lambda: SessionLoad(1, 0, 0, 0)))
    found = {"type": "http", "method": "GET", "path": path, "headers": raw} | scope
    server = ("127.0.0.1", port) if port else ("/run/vvcli.sock", None)
    asyncio.run(guard({**found, "server": server, "client": None}, receive, send))
    start, body = sent
    assert start["type"].endswith(".start")
    shown = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], shown, body["body"]


def code(*arguments: Any, **options: Any) -> str | None:
    """The code of the error; None if the request is let in."""
    status, _, body = ask(*arguments, **options)
    return None if status == 200 else str(json.loads(body)["error"]["code"])


LOCAL = ("Host", "localhost:8880")


@pytest.mark.parametrize(
    ("names", "host", "is_ours"),
    [
        ((), "localhost", True),
        ((), "LOCALHOST:8880", True),
        ((), "127.0.0.1:1", True),
        ((), "[::1]:8880", True),
        ((), "evil.example", False),
        ((), "localhost.evil.example", False),
        ((), "evil.example:127.0.0.1", False),
        ((), "", False),
        ((), "[", False),
        (("speech.lan",), "speech.lan:8880", True),
        (("speech.lan",), "evil.example", False),
        (("speech.lan",), "10.0.0.7", False),
        (("0.0.0.0",), "10.0.0.7:8880", True),  # noqa: S104
        (("0.0.0.0",), "evil.example", False),  # noqa: S104
        (("::",), "[2001:db8::7]:8880", True),
    ],
)
def test_host(names: tuple[str, ...], host: str, is_ours: bool) -> None:
    found = code(Admission(names), ("Host", host))
    assert found == (None if is_ours else "host_not_allowed")


def test_a_request_has_one_host() -> None:
    assert code(Admission()) == "host_not_allowed"
    assert code(Admission(), LOCAL, ("Host", "evil.example")) == "host_not_allowed"
    assert code(Admission(), port=None) is None


@pytest.mark.parametrize("port", [8880, None])
def test_origin(port: int | None) -> None:
    friend, foe = ("Origin", "https://friend.example"), ("Origin", "https://evil.example")
    admission = Admission(origins={"https://friend.example"})
    for origin in (foe, ("Origin", "null"), ("Origin", ""), ("Origin", "https://friend.example.")):
        assert code(admission, LOCAL, origin, port=port) == "origin_not_allowed"
        assert code(admission, LOCAL, friend, origin, port=port) == "origin_not_allowed"
    status, headers, _ = ask(admission, LOCAL, friend, port=port)
    assert (status, headers["access-control-allow-origin"]) == (200, "https://friend.example")
    assert "access-control-allow-origin" not in ask(admission, LOCAL, port=port)[1]


def test_a_browser_asks_before_it_sends() -> None:
    admission = Admission(origins={"https://friend.example"}, token=TOKEN)
    friend = ("Origin", "https://friend.example")
    status, headers, _ = ask(admission, LOCAL, friend, method="OPTIONS")
    assert (status, headers["access-control-allow-methods"]) == (204, "GET, POST")
    assert code(admission, LOCAL, friend) == "invalid_token"
    foe = ("Origin", "https://evil.example")
    assert code(admission, LOCAL, foe, method="OPTIONS") == "origin_not_allowed"


@pytest.mark.parametrize(
    ("value", "is_right"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer  {TOKEN} ", True),
        (TOKEN, False),
        (f"Basic {TOKEN}", False),
        (f"Bearer {TOKEN}x", False),
        (f"Bearer {TOKEN[:-1]}", False),
        ("Bearer \xff", False),
        ("Bearer", False),
        ("", False),
    ],
)
def test_token(value: str, is_right: bool) -> None:
    admission = Admission(token=TOKEN)
    found = code(admission, LOCAL, ("Authorization", value))
    assert found == (None if is_right else "invalid_token")
    assert TOKEN not in repr(admission)


def test_where_no_token_is_needed() -> None:
    admission = Admission(token=TOKEN)
    status, headers, _ = ask(admission, LOCAL)
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert headers["connection"] == "close"
    assert code(admission, LOCAL, path="/healthz") is None
    assert code(admission, LOCAL, port=None) is None


def test_a_websocket_is_refused_before_it_is_one() -> None:
    admission = Admission(token=TOKEN)
    for path in ("/v1/audio/stream", "/healthz/x"):
        status, _, body = ask(admission, LOCAL, type="websocket", path=path)
        assert status == 401
        assert json.loads(body)["error"]["code"] == "invalid_token"


def test_a_mistake_of_ours_is_no_secret_of_ours() -> None:
    status, _, body = ask(Admission(), LOCAL, path="/broken")
    assert status == 500
    assert json.loads(body)["error"]["code"] == "internal_error"
    assert b"mistake" not in body
