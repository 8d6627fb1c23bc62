"""A hub on the loopback interface: the few endpoints that a download uses."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "c" * 40


@dataclass
class Hub:
    """What is served, and what was asked.

    At byte `stall` of a file every answer waits for ever; at byte `drop` one connection ends.
    """

    files: Mapping[str, Mapping[str, bytes]]  # repository: name: content
    gated: frozenset[str] = frozenset()
    stall: int | None = None
    drop: int | None = None
    fetched: list[tuple[str, int]] = field(default_factory=list)  # name, first byte
    url: str = ""
    stalled: threading.Event = field(default_factory=threading.Event)


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            parts = unquote(urlsplit(self.path).path).strip("/").split("/")
            if parts[:2] == ["api", "models"]:
                self.api("/".join(parts[2:4]), parts[4:])
                return
            repository, name = "/".join(parts[:2]), "/".join(parts[4:])
            content = hub.files.get(repository, {}).get(name)
            if repository not in hub.files:
                self.refuse(404, "RepoNotFound")
            elif repository in hub.gated:
                self.refuse(403, "GatedRepo")
            elif content is None:
                self.refuse(404, "EntryNotFound")
            else:
                self.content(name, content, body=body)

        def api(self, repository: str, rest: list[str]) -> None:
            if repository not in hub.files:
                self.refuse(404, "RepoNotFound")
                return
            names = sorted(hub.files[repository])
            if rest[:1] == ["tree"]:
                files = hub.files[repository]
                self.json(
                    [
                        {"type": "file", "path": name, "size": len(files[name]), "oid": "0" * 40}
                        for name in names
                    ]
                )
                return
            self.json(
                {
                    "id": repository,
                    "sha": COMMIT,
                    "private": False,
                    "siblings": [{"rfilename": name} for name in names],
                }
            )

        def content(self, name: str, content: bytes, *, body: bool) -> None:
            first, last = 0, len(content) - 1
            asked = self.headers.get("Range", "").removeprefix("bytes=")
            if asked:
                start, _, end = asked.partition("-")
                first, last = int(start), min(int(end or last), last)
            self.send_response(206 if asked else 200)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(last + 1 - first))
            if asked:
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
            self.end_headers()
            if not body:
                return
            hub.fetched.append((name, first))
            if hub.stall is not None and last >= hub.stall:
                self.wfile.write(content[first : hub.stall])
                hub.stalled.set()
                self.rfile.read(1)  # until the client is gone
                self.close_connection = True
                return
            if hub.drop is not None and last >= hub.drop:
                self.wfile.write(content[first : hub.drop])
                hub.drop = None
                self.close_connection = True
                return
            self.wfile.write(content[first : last + 1])

        def json(self, value: object) -> None:
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def refuse(self, status: int, code: str) -> None:
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", f"the server says {code}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve `hub` at `hub.url` meanwhile."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
