"""A WebSocket: text comes as it is written, audio goes as it is made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from vvcli.errors import BusyError, UnavailableError
from vvcli.script.record import Record
from vvcli.serve.api_error import ApiError, busy, invalid, shutting_down
from vvcli.serve.context import ServerContext
from vvcli.serve.encoding import Encoder, Tally, make_encoder, sample_type_of
from vvcli.serve.listener import Listener
from vvcli.serve.metrics import Clock
from vvcli.serve.speech_request import parse_options
from vvcli.serve.stream_commands import StreamCommand, parse_command
from vvcli.speech.session_options import SessionOptions
from vvcli.speech.values import Chunk

if TYPE_CHECKING:
    from vvcli.speech.sessions import SpeechSession

MAX_PENDING = 256  # records: an hour's worth of sentences

DONE, GOING_AWAY = 1000, 1001  # codes of a closed WebSocket


class StreamSocket:
    """One WebSocket and its session. One task reads it, another one writes audio."""

    def __init__(self, context: ServerContext, socket: WebSocket) -> None:
        self._context = context
        self._socket = socket
        self._transport: asyncio.Transport = socket.scope["vvcli.transport"]
        self._listener: Listener | None = None
        self._writer: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()
        self._epoch = 0  # how often the client has cancelled
        self._submitted = self._ended = 0  # records since the last cancel, that were heard whole
        self._clocks: dict[int, Clock] = {}  # of the others, by index
        self._is_draining = False

    async def run(self) -> None:
        """Talk until one of the two has had enough."""
        await self._socket.accept()
        self._context.conversations.add(self)
        try:
            await self._say(type="ready", **self._context.info.handshake())
            await self._open(SessionOptions(), "pcm")
            await self._obey()
        except WebSocketDisconnect:
            self._forget()
        finally:
            self._context.conversations.discard(self)
            self._stop()

    def drain(self) -> None:
        """Take nothing new, and leave after what is playing."""
        self._is_draining = True
        if self._listener is not None:
            self._context.readers.submit(_finish, self._listener.session)

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    # --- what the client says

    async def _obey(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            try:
                command = parse_command(message.get("text"))
                if self._is_draining:
                    raise shutting_down()
                await self._carry_out(command)
            except ApiError as error:
                self._context.metrics.refused.labels(error.code).inc()
                await self._say(type="error", error=error.as_dict())

    async def _carry_out(self, command: StreamCommand) -> None:
        session = self._session
        if command.kind == "config":
            await self._configure(command.fields)
        elif command.kind == "cancel":
            self._epoch += 1
            session.cancel()
            self._forget()
            await self._say(type="cancelled")
        elif command.kind == "end":
            await self._beside(session.end)
        elif session.pending >= MAX_PENDING:
            raise busy(f"{MAX_PENDING} records are not spoken yet: wait, or cancel")
        elif command.kind == "speak":
            await self._beside(lambda: [session.submit(command.text)])
        elif command.kind == "text":
            await self._beside(lambda: session.write(command.text))
        else:
            await self._beside(session.flush)

    async def _configure(self, fields: dict[str, Any]) -> None:
        if self._submitted != self._ended or self._session.has_text:
            message = "text is being spoken: send it before text, or once all is spoken"
            raise ApiError(400, "config_too_late", message)
        options, name = parse_options(fields, self._context.info, self._session.next_index)
        old = self._listener, self._writer
        try:
            await self._open(options, name)
        except UnavailableError as error:
            raise invalid("voice", str(error), "unknown_voice") from error
        self._stop(*old)

    async def _open(self, options: SessionOptions, name: str) -> None:
        self._listener = await self._context.listen(options, sample_type_of(name))
        self._writer = asyncio.ensure_future(self._write(self._listener, make_encoder(name)))

    async def _beside(self, call: Callable[[], Any]) -> None:
        """Read text beside the loop, and note when its records came."""
        try:
            records = await asyncio.get_running_loop().run_in_executor(self._context.readers, call)
        except BusyError as error:
            raise busy(str(error)) from error
        except RuntimeError as error:  # it has ended
            raise ApiError(400, "session_over", str(error)) from error
        for record in records or []:
            self._submitted += 1
            self._clocks.setdefault(record.index, Clock(self._context.metrics))
        self._tidy()

    # --- what it hears

    async def _write(self, listener: Listener, encoder: Encoder) -> None:
        tally: Tally | None = None
        epoch = self._epoch
        with suppress(WebSocketDisconnect, OSError):
            while (chunk := await listener.read()) is not None:
                if epoch != self._epoch:
                    tally, epoch = None, self._epoch
                clipped = listener.session.clipped
                if tally is None:
                    tally = Tally()
                    facts = {"record_index": chunk.record.index, "text": chunk.record.text}
                    await self._say(epoch, type="record", **facts)
                if len(chunk.samples):
                    tally.add(chunk.samples)
                    await self._play(chunk.record, encoder.encode(chunk.samples), epoch)
                if chunk.status is not None:
                    await self._end(chunk, tally.end(chunk, clipped), epoch)
                    tally = None
            await self._leave()

    async def _play(self, record: Record, data: bytes, epoch: int) -> None:
        """Send audio."""
        self._clocks.setdefault(record.index, Clock(self._context.metrics)).tick()
        await self._send(epoch, bytes=data)

    async def _end(self, chunk: Chunk, facts: dict[str, Any], epoch: int) -> None:
        """Say how the record of `chunk` ended."""
        index = chunk.record.index
        self._context.metrics.records.labels(facts["status"]).inc()
        await self._say(epoch, type="record_end", record_index=index, **facts)
        if epoch == self._epoch:
            self._ended += 1
            self._clocks.pop(index, None)
            self._tidy()

    async def _leave(self) -> None:
        """Close, all being said."""
        if not self._is_draining:
            await self._say(type="done")
        code = GOING_AWAY if self._is_draining else DONE
        await self._send(None, type="websocket.close", code=code)

    async def _say(self, epoch: int | None = None, **event: Any) -> None:
        await self._send(epoch, text=json.dumps(event))

    async def _send(self, epoch: int | None, **message: Any) -> None:
        """Send one message; audio of an `epoch` that is over is dropped."""
        async with self._sending:
            if epoch is None or epoch == self._epoch:
                with self._context.stalls.sending(self._transport):
                    await self._socket.send({"type": "websocket.send", **message})

    # --- inside

    @property
    def _session(self) -> SpeechSession:
        assert self._listener is not None  # noqa: S101 - it is opened before anything is read
        return self._listener.session

    def _forget(self) -> None:
        """Count what is dropped."""
        self._context.metrics.cancelled.inc(max(0, self._submitted - self._ended))
        self._ended = self._submitted
        self._clocks.clear()

    def _tidy(self) -> None:
        """Drop the clocks of records that were heard before it was known that they are there."""
        if self._submitted == self._ended:
            self._clocks.clear()

    def _stop(self, *old: Any) -> None:
        listener, writer = old or (self._listener, self._writer)
        if writer is not None:
            writer.cancel()
        if listener is not None:
            listener.close()


def _finish(session: SpeechSession) -> None:
    """Let a session end after what it is saying."""
    if session.waiting:
        session.cancel()
    try:
        session.end()
    except BusyError:  # its last words would have to wait
        session.close()
