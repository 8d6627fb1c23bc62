"""Clients that take nothing: they are dropped after a while, so that their slots are free."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

SWEEP = 0.5  # seconds


class Stalls:
    """Watches what is being sent.

    A deadline for each send would cost more than the send; all are looked at a few times a second.
    A client that takes something, however little, has not stalled.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._sending: dict[asyncio.Transport, tuple[float, int]] = {}  # since when, bytes left
        self.dropped = 0

    @contextmanager
    def sending(self, transport: asyncio.Transport) -> Iterator[None]:
        """Something is being sent through `transport`."""
        now = asyncio.get_running_loop().time()
        self._sending[transport] = now, transport.get_write_buffer_size()
        try:
            yield
        finally:
            del self._sending[transport]

    async def sweep(self) -> None:
        """Drop those who have stalled, again and again."""
        while True:
            await asyncio.sleep(min(SWEEP, self._limit))
            now = asyncio.get_running_loop().time()
            for transport, (since, before) in [*self._sending.items()]:
                left = transport.get_write_buffer_size()
                if left < before:
                    self._sending[transport] = now, left
                elif since < now - self._limit:
                    self.dropped += 1
                    transport.abort()
