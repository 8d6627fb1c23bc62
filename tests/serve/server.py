"""A server in a process of its own, and ways to talk to it: bytes, HTTP, WebSocket."""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests import warm
from tests.conftest import TINY

PATIENCE = 60  # seconds, for a machine that is busy

SHORT = "Yes."
ENDLESS = "[[pause 60s]]Yes."  # more audio than the buffers of a socket hold
LONG = "The quick brown fox jumps over the lazy dog. " * 4


# `vvcli` whose server is impatient, though not with a client on a busy machine, and has few
# descriptors.
HASTY = """
from dataclasses import replace
from vvcli.cli import serve_run
from vvcli.cli.main import main
limits = serve_run._limits
serve_run._limits = lambda request: replace(
    limits(request), headers=3, body=3, stall=3, connections=40
)
main()
"""


class Server:
    """`vvcli serve` with the tiny model; see `HASTY`."""

    def __init__(
        self, folder: Path, *arguments: str, streams: int = 3, hasty: bool = False
    ) -> None:
        folder.chmod(0o700)
        self.socket = folder / "vvcli.sock"
        self.log = folder / "log.jsonl"
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "VVCLI_CONFIG": os.devnull}
        self.process = warm.Popen(
            [
                *(sys.executable, *(("-c", HASTY) if hasty else ("-m", "vvcli"))),
                *("serve", "-m", str(TINY), "-V", "Ada"),
                *("-j", str(streams), "--steps", "2", "--deterministic", "--seed", "42"),
                *("--log", str(self.log), *arguments),
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.said = ""

    def wait_until_ready(self) -> Server:
        """Wait for the line that says so."""
        stderr = self.process.stderr
        assert stderr is not None
        end = time.monotonic() + PATIENCE
        while "ready: " not in self.said:
            assert select.select([stderr], [], [], max(0, end - time.monotonic()))[0], self.said
            piece = os.read(stderr.fileno(), 4096)
            assert piece, self.said
            self.said += piece.decode()
        return self

    @property
    def port(self) -> int:
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.said)
        assert found, self.said
        return int(found[1])

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def stop(self) -> None:
        """End it, however it is."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()

    def lines(self) -> list[dict[str, Any]]:
        """The log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    # --- clients

    def connect(self, *, tcp: bool = False) -> socket.socket:
        """A connection with a short patience."""
        if tcp:
            return socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(PATIENCE)
        client.connect(str(self.socket))
        return client

    def request(
        self,
        path: str,
        fields: dict[str, Any] | None = None,
        *,
        method: str | None = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        tcp: bool = False,
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of one request; a body that breaks off raises."""
        connection = http.client.HTTPConnection("localhost", timeout=PATIENCE)
        connection.sock = self.connect(tcp=tcp)
        if fields is not None:
            body = json.dumps(fields).encode()
        verb = method or ("GET" if body is None else "POST")
        connection.request(verb, path, body, headers or {})
        response = connection.getresponse()
        found = response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
        connection.close()
        return found

    def speak(self, text: str, **fields: Any) -> bytes:
        """The audio of `text`, as PCM unless `fields` say otherwise."""
        status, _, body = self.request(
            "/v1/audio/speech", {"input": text, "response_format": "pcm"} | fields
        )
        assert status == 200, body
        return body

    def error(self, status: int, path: str = "/v1/audio/speech", **options: Any) -> dict[str, Any]:
        """The error of a request that is refused with `status`."""
        found, headers, body = self.request(path, **options)
        assert found == status, body
        assert headers["content-type"] == "application/json"
        error: dict[str, Any] = json.loads(body)["error"]
        assert error.keys() == {"message", "type", "param", "code"}
        return error

    def figure(self, name: str) -> float:
        """A figure of /metrics."""
        _, _, body = self.request("/metrics")
        found = re.search(rf"^{re.escape(name)} (\S+)$", body.decode(), re.MULTILINE)
        return float(found[1]) if found else 0.0


@contextmanager
def running(
    folder: Path, *arguments: str, streams: int = 3, hasty: bool = False
) -> Iterator[Server]:
    """A server that is ready, and gone afterwards."""
    server = Server(folder, *arguments, streams=streams, hasty=hasty)
    try:
        yield server.wait_until_ready()
    finally:
        server.stop()


def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait for what another process does; fail if it never does."""
    end = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < end, "it never happens"
        time.sleep(0.02)


def head(path: str = "/v1/audio/speech", *lines: str, method: str = "POST") -> bytes:
    """The head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def speech(text: str, **fields: Any) -> bytes:
    """A whole speech request."""
    body = json.dumps({"input": text, "response_format": "pcm"} | fields).encode()
    return head("/v1/audio/speech", f"Content-Length: {len(body)}") + body


def frames(body: bytes) -> list[tuple[bytes, bytes]]:
    """The frames of a body: kinds and contents."""
    found = []
    while body:
        size = int.from_bytes(body[1:5], "big")
        assert len(body) >= 5 + size, "half a frame"
        found.append((body[:1], body[5 : 5 + size]))
        body = body[5 + size :]
    return found


def everything(client: socket.socket) -> bytes:
    """All that comes until the other end closes."""
    found = []
    with suppress(ConnectionResetError):
        while data := client.recv(1 << 20):
            found.append(data)
    return b"".join(found)


TERM, HUP, INT, KILL = signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL
