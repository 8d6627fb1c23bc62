"""Clients that take nothing: they are dropped after a while, so that their slots are free."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

SWEEP = 0.5  # seconds


class Stalls:
    """Watches what is being sent.

    A deadline for each send would cost more than the send; all are looked at a few times a second.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._since: dict[asyncio.Transport, float] = {}
        self.dropped = 0

    @contextmanager
    def sending(self, transport: asyncio.Transport) -> Iterator[None]:
        """Something is being sent through `transport`."""
        self._since[transport] = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            del self._since[transport]

    async def sweep(self) -> None:
        """Drop those who have stalled, again and again."""
        while True:
            await asyncio.sleep(min(SWEEP, self._limit))
            latest = asyncio.get_running_loop().time() - self._limit
            for transport in [each for each, since in self._since.items() if since < latest]:
                self.dropped += 1
                transport.abort()
