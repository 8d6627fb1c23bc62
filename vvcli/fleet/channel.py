"""Messages between two processes: JSON arrays, a line each, over a socket."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

BYTES_AT_ONCE = 1 << 18

Message = list[Any]


class Channel:
    """One end of a connected socket, which it owns.

    Raises:
        OSError: from `send`, when the other end is gone.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._rest = b""
        self._sending = threading.Lock()

    def fileno(self) -> int:
        """The descriptor, to wait for."""
        return self._socket.fileno()

    def send(self, *message: Any) -> None:
        """Send one message, of plain values; waits while the other end is behind."""
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        with self._sending:
            self._socket.sendall(line)

    def receive(self) -> list[Message] | None:
        """The messages that have come, after waiting for some bytes; None after the last."""
        try:
            data = self._socket.recv(BYTES_AT_ONCE)
        except ConnectionResetError:  # the other end died with unread messages
            data = b""
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Close this end; the other one sees the end."""
        self._socket.close()
