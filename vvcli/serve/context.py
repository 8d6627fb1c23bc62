"""What all requests of a server share."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from vvcli.samples import SampleType
from vvcli.script.record import Record
from vvcli.serve.access_log import AccessLog
from vvcli.serve.listener import Bell, Listener
from vvcli.serve.metrics import Metrics
from vvcli.serve.server_info import Limits, ServerInfo
from vvcli.serve.stalls import Stalls
from vvcli.speech.session_options import SessionOptions

if TYPE_CHECKING:
    from vvcli.synthesizer import Synthesizer


LONG_TEXT = 4096  # characters


class Conversation(Protocol):
    """A request or a WebSocket, as whoever ends the server sees it."""

    def drain(self) -> None:
        """Take nothing new, and end after what is playing."""

    def abort(self) -> None:
        """End now, in the middle of the audio."""


@dataclass
class ServerContext:
    """One server's parts, for its requests."""

    synthesizer: Synthesizer
    info: ServerInfo
    limits: Limits
    metrics: Metrics
    log: AccessLog
    bell: Bell
    stalls: Stalls
    # Text is read, and audio encoded, beside the loop; a long text holds up no short one.
    readers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "reader"))
    slow_reader: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "slow"))
    encoders: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "encoder"))
    is_draining: bool = False
    conversations: set[Conversation] = field(default_factory=set)

    async def listen(
        self, options: SessionOptions, sample_type: SampleType, record: Record | None = None
    ) -> Listener:
        """A new session with samples of `sample_type`, which speaks `record`.

        Raises:
            BusyError, RuntimeError: as `SpeechSession.submit`.
            UnavailableError: as `Synthesizer.open_session`.
        """
        # Strangers name no files.
        own = replace(
            options, sample_type=sample_type, voice_files=False, max_ahead=self.limits.max_ahead
        )

        def make() -> Listener:
            listener = Listener(self.synthesizer, self.bell, own)
            try:
                if record is not None:
                    listener.session.submit(record)
            except BaseException:
                listener.close()
                raise
            return listener

        is_long = record is not None and len(record.text) > LONG_TEXT
        pool = self.slow_reader if is_long else self.readers
        # Also without a record: a voice may have to be read from the disk.
        job = pool.submit(make)
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            if not job.cancel():  # it has begun: whatever it opens is closed
                job.add_done_callback(_close)
            raise


def _close(job: Future[Listener]) -> None:
    if job.exception() is None:
        job.result().close()
