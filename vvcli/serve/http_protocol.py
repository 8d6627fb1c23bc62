"""uvicorn's HTTP and WebSocket protocols, with the deadlines and bounds that they lack."""

from __future__ import annotations

import asyncio
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from vvcli.serve.server_info import Limits

SEND_BUFFER = 1 << 17  # bytes in the kernel; Linux takes it twice
HEAD_BYTES = 1 << 16  # of a request's line and headers


def http_protocol(limits: Limits) -> type[HttpToolsProtocol]:
    """The protocol for connections with these `limits`."""

    class BoundedProtocol(HttpToolsProtocol):
        """HTTP whose headers have to come in time, and not to be endless.

        The transport is put into the scope, so that a client that takes nothing can be dropped.
        """

        _deadline: asyncio.TimerHandle | None = None
        _in_head = True  # of the next request, or before it
        _head_bytes = 0

        def connection_made(self, transport: Any) -> None:
            """Begin to wait for the first request."""
            super().connection_made(transport)
            if len(self.connections) > limits.connections:
                transport.abort()
                return
            # Little of the audio is on its way, and what a client takes is noticed soon.
            transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER)
            self._start_deadline()

        def data_received(self, data: bytes) -> None:
            """Parse what came."""
            if self._in_head:
                self._head_bytes += len(data)
                if self._deadline is None:
                    self._start_deadline()
            super().data_received(data)
            if self._in_head and self._head_bytes > HEAD_BYTES:
                self.transport.abort()

        def on_message_begin(self) -> None:
            """Begin a request."""
            super().on_message_begin()
            self.scope["vvcli.transport"] = self.transport  # type: ignore[typeddict-unknown-key]

        def on_headers_complete(self) -> None:
            """Begin its body."""
            self._in_head = False
            self._head_bytes = 0
            self._stop_deadline()
            super().on_headers_complete()
            if self.scope["http_version"] == "1.0" and self.cycle is not None:
                _end_with_connection(self.cycle)

        def on_message_complete(self) -> None:
            """Begin to wait for the next request, for which uvicorn has a deadline."""
            self._in_head = True
            super().on_message_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            """Forget the connection."""
            self._stop_deadline()
            super().connection_lost(exc)

        def _start_deadline(self) -> None:
            self._deadline = self.loop.call_later(limits.headers, self.transport.abort)

        def _stop_deadline(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return BoundedProtocol


def _end_with_connection(cycle: RequestResponseCycle) -> None:
    """Send a body of unknown length as it is: HTTP/1.0 has no chunks."""
    send = cycle.send
    is_bounded = False

    async def send_unframed(message: Any) -> None:
        nonlocal is_bounded
        if message["type"] == "http.response.start":
            is_bounded = any(name == b"content-length" for name, _ in message["headers"])
            cycle.chunked_encoding = None if is_bounded else False
        elif not is_bounded:
            cycle.expected_content_length = len(message.get("body", b""))
        await send(message)

    cycle.send = send_unframed  # type: ignore[method-assign]


class StreamProtocol(WebSocketsSansIOProtocol):
    """A WebSocket whose transport is in the scope."""

    def handle_connect(self, event: Any) -> None:
        """Begin the handshake."""
        super().handle_connect(event)
        if hasattr(self, "scope"):  # the handshake was not refused
            self.scope["vvcli.transport"] = self.transport  # type: ignore[typeddict-unknown-key]
