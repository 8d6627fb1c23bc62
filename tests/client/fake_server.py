"""A server that says whatever a test wants it to: the protocol by hand, on a Unix socket."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from vvcli import __version__

FACTS: dict[str, Any] = {
    **{"protocol": 1, "version": __version__, "model": "tiny", "identity": "abc", "steps": 5},
    **{"deterministic": True, "dtype": "float32", "device": "cpu", "sample_rate": 24_000},
    **{"streams": 3, "queue": 4, "seed": 0, "cfg_scale": 1.5, "max_ahead": 30.0},
    **{"voice": "en-Ada_woman", "voices": ["en-Ada_woman", "en-Ben_man"]},
}
FRAMES = "application/vnd.vvcli.frames"
OK = {"status": "ok", "error": None, "clipped": 0, "spoken": None, "respelled": 0}

# Answers one request on its connection; `False` closes it.
Answer = Callable[["Peer", dict[str, Any]], bool | None]


def frame(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">cI", kind, len(content)) + content


def end(samples: int, **facts: Any) -> bytes:
    return frame(b"E", json.dumps({**OK, "samples": samples, **facts}).encode())


def audio_of(request: dict[str, Any], samples: int = 8) -> bytes:
    """Samples that tell the records apart."""
    value = request.get("record_index", 0) + 1
    if request["response_format"] == "f32le":
        return struct.pack("<f", value / 1000) * samples
    return struct.pack("<h", value) * samples


class Peer:
    """One connection, as the server sees it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.file = connection.makefile("rb")

    def read(self) -> tuple[bytes, dict[str, str], bytes] | None:
        """The next request: its first line, headers and body."""
        first = self.file.readline()
        if not first:
            return None
        headers = {}
        while (line := self.file.readline()) != b"\r\n":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return first, headers, self.file.read(int(headers.get("content-length", 0)))

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def head(
        self, status: int = 200, *lines: str, kind: str = FRAMES, chunked: bool = True
    ) -> None:
        framing = ["Transfer-Encoding: chunked"] if chunked else []
        head = [f"HTTP/1.1 {status} OK", f"Content-Type: {kind}", *framing, *lines, "", ""]
        self.send("\r\n".join(head).encode())

    def chunk(self, data: bytes) -> None:
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def json(self, status: int, value: Any, *lines: str) -> None:
        body = json.dumps(value).encode()
        length = f"Content-Length: {len(body)}"
        self.head(status, length, *lines, kind="application/json", chunked=False)
        self.send(body)

    def refuse(self, status: int, message: str = "no", *lines: str) -> None:
        self.json(status, {"error": {"message": message}}, *lines)

    def speak(self, request: dict[str, Any], samples: int = 8, **facts: Any) -> None:
        self.head()
        self.chunk(frame(b"A", audio_of(request, samples)))
        self.chunk(end(samples, **facts))
        self.chunk(b"")

    def is_gone(self) -> bool:
        """Wait until the client leaves."""
        with suppress(OSError):
            return self.file.read(1) == b""
        return True


class FakeServer:
    """Answers with `answer`, which a test sets; by default as the real one would.

    Attributes:
        requests: what was asked for, in order.
        headers: of all requests.
        most: requests that were answered at the same time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.facts = dict(FACTS)
        self.answer: Answer = lambda peer, request: peer.speak(request)
        self.handshake: Callable[[Peer], object] | None = None
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.most = self.connections = self._now = 0
        self._lock = threading.Lock()
        self._peers: list[Peer] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening, and leave all connections in the middle."""
        self.path.unlink(missing_ok=True)
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            with suppress(OSError):
                peer.connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                peer = Peer(connection)
                self._peers.append(peer)
                threading.Thread(target=self._serve, args=[peer], daemon=True).start()

    def _serve(self, peer: Peer) -> None:
        with suppress(OSError), peer.connection, peer.file:
            while (found := peer.read()) is not None:
                first, headers, body = found
                self.headers.append(headers)
                if first.startswith(b"GET /v1/handshake "):
                    if self.handshake is None:
                        peer.json(200, self.facts)
                    else:
                        self.handshake(peer)
                    continue
                assert first == b"POST /v1/audio/speech HTTP/1.1\r\n"
                request = json.loads(body)
                with self._lock:
                    self.requests.append(request)
                    self._now += 1
                    self.most = max(self.most, self._now)
                try:
                    if self.answer(peer, request) is False:
                        return
                finally:
                    with self._lock:
                        self._now -= 1


@contextmanager
def fake_server(folder: Path) -> Iterator[FakeServer]:
    folder.chmod(0o700)
    server = FakeServer(folder / "s.sock")
    try:
        yield server
    finally:
        server.close()
