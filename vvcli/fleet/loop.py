"""A worker's loop in another process or actor: runs are told to it, results are sent.

Results are messages: `chunk`, `record` and `entry` with what was made, `error` for what ends a run,
and `over` at the end of each.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from vvcli.errors import VvcliError
from vvcli.fleet.inbox import Assignment, Inbox, StoppedError
from vvcli.fleet.make_files import make_files
from vvcli.fleet.plain_values import ChunkMessage, plain_extras, spoken
from vvcli.fleet.pool import plain_error
from vvcli.fleet.record_order import RecordOrder
from vvcli.fleet.ring import RingWriter
from vvcli.fleet.worker import Worker
from vvcli.speech.run import PendingChunk

Send = Callable[..., None]


class WorkerLoop:
    """Carries out what `inbox` is told.

    Args:
        worker: speaks.
        inbox: told of runs, records and files.
        send: sends a message of plain values to whoever tells the inbox.
        ring: for audio; not needed for files.
    """

    def __init__(
        self, worker: Worker, inbox: Inbox, send: Send, ring: RingWriter | None = None
    ) -> None:
        self._worker = worker
        self._inbox = inbox
        self._send = send
        self._ring = ring

    def run(self) -> None:
        """Carry out one run after the other, until the inbox is closed."""
        while (run := self._inbox.next_run()) is not None:
            try:
                if "folder" in run.settings:
                    make_files(self._worker, run, self._send)
                elif "sessions" in run.settings:
                    self._speak_sessions(run)
                else:
                    self._speak(run)
            except StoppedError:
                pass
            except VvcliError as error:
                self._send("error", run.number, *plain_error(error))
            self._send("over", run.number)

    def _speak_sessions(self, run: Assignment) -> None:
        from vvcli.fleet.session_loop import SessionLoop  # most workers have none

        assert self._ring is not None  # noqa: S101 - whoever asks for audio gives one
        SessionLoop(self._worker, run, self._send, self._ring).run()

    def _speak(self, run: Assignment) -> None:
        order = RecordOrder(run.settings["hold"])
        with closing(self._worker.steps(run, lambda _: run.admit, order)) as steps:
            for ready in steps:
                run.check()
                order.live = run.head_place
                for chunk in ready:
                    self._send_chunk(run, chunk)

    def _send_chunk(self, run: Assignment, chunk: PendingChunk) -> None:
        assert self._ring is not None  # noqa: S101 - whoever asks for audio gives one
        # Frames are joined where they go to, which is one copy less.
        frames = chunk.frames if chunk.stretcher is None else [chunk.join().samples]
        position, length = self._ring.write(*frames)
        status = None if chunk.status is None else chunk.status.value
        engine, ticket = self._worker.speaker.engine, run.tickets[chunk.place]
        message = ChunkMessage(
            *(ticket, position, length, status, chunk.error, *spoken(chunk.record)),
            active=engine.running,
            worker_clipped=engine.clipped,
            extras=plain_extras(chunk),
        )
        self._send("chunk", run.number, *message)
        if status is not None:
            run.end(chunk.place)
