"""One connection to a server, which carries one request at a time."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable

from vvcli.client.address import ServerAddress
from vvcli.client.connect import connect
from vvcli.client.http_response import ResponseParser

READ_BYTES = 1 << 18
PATIENCE = 1.0  # seconds after which it is said that an answer is waited for


class Connection:
    """A connection that is kept for the next request.

    Attributes:
        response: to the last request.
        was_idle: whether it was kept for the last request, so that the server may have closed it.
    """

    def __init__(self, address: ServerAddress, token: str | None) -> None:
        """Connect.

        Raises:
            NotOursError, OSError: as `connect`.
        """
        self._socket: socket.socket = connect(address)
        headers = f"Host: {address.host_header}\r\n"
        if token is not None:
            headers += f"Authorization: Bearer {token}\r\n"
        self._headers = headers
        self._unsent = memoryview(b"")
        self.was_idle = False
        self.response = ResponseParser()

    def fileno(self) -> int:
        """The descriptor, to poll."""
        return self._socket.fileno()

    @property
    def wants_to_write(self) -> bool:
        """Whether a part of the request was not sent yet."""
        return bool(self._unsent)

    def request(self, path: str, body: bytes | None = None) -> None:
        """Begin a request: `write` sends it, `read` takes the answer into `response`."""
        method, fields = "GET", self._headers
        if body is not None:
            method = "POST"
            fields += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        head = f"{method} {path} HTTP/1.1\r\n{fields}\r\n".encode("latin-1")
        self._unsent = memoryview(head + (body or b""))
        self.response = ResponseParser()

    def write(self) -> None:
        """Send what the system takes of the request now.

        A server that refuses a long request may answer before it has read it: that the rest cannot
        be sent shows when the answer is read.
        """
        try:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            return
        except OSError:
            self._unsent = memoryview(b"")

    def read(self) -> None:
        """Parse what has come of the answer.

        Raises:
            ResponseError: it is no answer, or not a whole one.
            OSError: the connection is broken.
        """
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        self.response.feed(data)

    def is_usable(self) -> bool:
        """Whether another request can be sent: the last answer is there, and nobody has left."""
        if self._unsent or not (self.response.done and self.response.keeps_alive):
            return False
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return not poll.poll(0)  # an idle connection has something to read once it is over

    def close(self) -> None:
        """Leave: whatever was asked for is not wanted any more."""
        self._socket.close()


def exchange(
    connection: Connection,
    path: str,
    timeout: float,
    max_bytes: int,
    say_late: Callable[[], object] = lambda: None,
) -> bytes:
    """Ask for `path` and wait for the body of the answer; after PATIENCE call `say_late`, once.

    Raises:
        ResponseError: it is no answer.
        OSError: the connection is broken, the answer is too long or did not come in time.
    """
    connection.request(path)
    poll = select.poll()
    body = bytearray()
    now = time.monotonic()
    deadline, say_at = now + timeout, now + PATIENCE
    while not connection.response.done:
        wanted = select.POLLOUT if connection.wants_to_write else 0
        poll.register(connection.fileno(), select.POLLIN | wanted)
        now = time.monotonic()
        if now >= deadline:
            raise TimeoutError(None, f"no answer within {timeout:g} s")
        if now >= say_at:
            say_at = deadline
            say_late()
        if not poll.poll(1000 * (min(deadline, say_at) - now)):
            continue
        connection.write()
        connection.read()
        body += connection.response.take()
        if len(body) > max_bytes:
            raise OSError(None, "the answer is too long")
    return bytes(body)
