"""A session as asyncio awaits it."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from vvcli.speech.session_options import SessionOptions
from vvcli.speech.values import Chunk

if TYPE_CHECKING:
    from vvcli.synthesizer import Synthesizer


class Bell:
    """Wakes tasks from another thread: one call into the loop for all that are rung meanwhile."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._rung: deque[asyncio.Event] = deque()
        self._is_ringing = False

    def ring(self, event: asyncio.Event) -> None:
        """Set `event`, soon; from any thread."""
        self._rung.append(event)
        if not self._is_ringing:
            self._is_ringing = True
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                self._loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        self._is_ringing = False
        while self._rung:
            self._rung.popleft().set()


class Listener:
    """Awaits the audio of one session, which it owns.

    Raises:
        ValueError, UnavailableError: as `Synthesizer.open_session`.
    """

    def __init__(self, synthesizer: Synthesizer, bell: Bell, options: SessionOptions) -> None:
        self._news = asyncio.Event()
        self.session = synthesizer.open_session(
            **vars(options), on_audio=lambda: bell.ring(self._news)
        )

    async def read(self) -> Chunk | None:
        """The next audio; None when the session is over.

        Raises:
            RuntimeError: the engine has failed.
        """
        while True:
            chunk = self.session.read(wait=False)
            if chunk is not None or self.session.finished:
                return chunk
            await self._news.wait()
            self._news.clear()

    def close(self) -> None:
        """Drop all there is."""
        self.session.close()
