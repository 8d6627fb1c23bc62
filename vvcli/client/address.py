"""Where a server is: the path of a Unix socket, or a host and a port."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from vvcli.errors import UsageError
from vvcli.script.limits import shown

NAME = "vvcli.sock"

_HTTP = re.compile(
    r"http://(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?/?"
)


@dataclass(frozen=True)
class ServerAddress:
    """One of the two: `path` for a Unix socket, or `host` and `port`."""

    path: str = ""
    host: str = ""
    port: int = 0

    @property
    def host_header(self) -> str:
        """The value of HTTP's Host."""
        if self.path:
            return "localhost"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return self.path or f"http://{self.host_header}"


def parse_address(text: str) -> ServerAddress:
    """The address that `text` is: a path with a slash in it, `unix:PATH` or `http://HOST:PORT`.

    Raises:
        UsageError: it is none of them.
    """
    if text.startswith("unix:") or ("/" in text and "://" not in text):
        path = text.removeprefix("unix:")
        if not path or "\0" in path:
            raise UsageError(f"{text!r} is not the path of a socket")
        return ServerAddress(path=path)
    if text.startswith("https://"):
        raise UsageError(f"{text!r}: encrypted connections need a proxy: use http:// and a token")
    match = _HTTP.fullmatch(text)
    port = int(match["port"] or 80) if match else 0
    if match is None or not 0 < port < 65536:
        raise UsageError(
            f"{shown(text)} is not the path of a socket, with a / in it, nor http://HOST:PORT with "
            "a PORT from 1 to 65535"
        )
    return ServerAddress(host=match["six"] or match["host"], port=port)


def default_address() -> ServerAddress | None:
    """The socket in the user's own folder for such files; None if the system gave none."""
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return ServerAddress(path=f"{folder}/{NAME}") if folder.startswith("/") else None
