"""The response to a speech request: audio as it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from vvcli.errors import BusyError, UnavailableError
from vvcli.samples import Samples
from vvcli.serve.access_log import RequestLog
from vvcli.serve.api_error import ApiError, busy, invalid, shutting_down
from vvcli.serve.context import ServerContext
from vvcli.serve.encoding import (
    MEDIA_TYPES,
    Tally,
    make_encoder,
    make_framing,
    sample_type_of,
)
from vvcli.serve.listener import Listener
from vvcli.serve.metrics import Clock
from vvcli.serve.speech_request import SpeechRequest
from vvcli.speech.values import Chunk, Status


class SpeechResponse:
    """Speaks one request, once its first frame is there; ends with its client."""

    def __init__(self, context: ServerContext, request: SpeechRequest, log: RequestLog) -> None:
        self._context = context
        self._request = request
        self._log = log
        self._listener: Listener | None = None
        self._clock = Clock(context.metrics)
        self._encoder = make_encoder(request.response_format)
        self._tally = Tally()
        self._framing = make_framing(request.stream_format)
        self._has_begun = False
        self._is_refused = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak.

        Raises:
            ApiError: before the response has begun.
        """
        self._transport: asyncio.Transport = scope["vvcli.transport"]
        speaking = asyncio.ensure_future(self._speak(send))
        gone = asyncio.ensure_future(_until_gone(receive))
        self._context.conversations.add(self)
        try:
            await asyncio.wait({speaking, gone}, return_when=asyncio.FIRST_COMPLETED)
            if speaking.done():
                speaking.result()
            else:
                self._context.metrics.cancelled.inc()
                self._log.add(cancelled=True)
        finally:
            self._context.conversations.discard(self)
            if self._listener is not None:
                self._listener.close()
            for task in (speaking, gone):
                task.cancel()
            await asyncio.wait({speaking, gone})
            self._log.add(first_audio=self._clock.first, samples=self._tally.samples)

    def drain(self) -> None:
        """Refuse the request if it waits for its turn."""
        listener = self._listener
        if listener is None or listener.session.waiting:
            self._is_refused = True
        if listener is not None and self._is_refused:
            listener.close()

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    async def _speak(self, send: Send) -> None:
        listener = await self._listen()
        encoder = self._encoder
        while (chunk := await listener.read()) is not None:
            if len(chunk.samples):
                self._clock.tick()
                self._tally.add(chunk.samples)
                data = await self._beside(encoder.encode, chunk.samples)
                if data:
                    await self._send(send, self._framing.audio(data))
            if chunk.status is not None:
                await self._end(send, chunk, listener.session.clipped)
                return
        # Only a server that ends closes a session that has not ended.
        await self._fail(send, shutting_down())

    async def _listen(self) -> Listener:
        request = self._request
        try:
            listener = await self._context.listen(
                request.options, sample_type_of(request.response_format), request.record
            )
        except UnavailableError as error:
            raise invalid("voice", str(error), "unknown_voice") from error
        except BusyError as error:
            raise busy(str(error)) from error
        self._listener = listener
        if self._is_refused:
            raise shutting_down()
        return listener

    async def _end(self, send: Send, chunk: Chunk, clipped: int) -> None:
        """Finish the body after the last chunk of the record."""
        facts = self._tally.end(chunk, clipped)
        self._context.metrics.records.labels(facts["status"]).inc()
        self._log.add(record=facts["status"])
        error = None if self._framing.tells_all else _error_of(chunk, facts)
        if error is not None:
            await self._fail(send, error)
            return
        rest = await self._beside(self._encoder.finish)
        audio = self._framing.audio(rest) if rest else b""
        await self._send(send, audio + self._framing.end(facts), is_last=True)

    async def _fail(self, send: Send, error: ApiError) -> None:
        """Say that the audio is not whole, or end the connection in the middle of the body.

        Raises:
            ApiError: nothing was sent yet.
        """
        if not self._has_begun:
            raise error
        last = self._framing.failure(error)
        if last is not None:
            await self._send(send, last, is_last=True)

    async def _send(self, send: Send, data: bytes, *, is_last: bool = False) -> None:
        with self._context.stalls.sending(self._transport):
            if not self._has_begun:
                self._has_begun = True
                await send(self._head())
            await send({"type": "http.response.body", "body": data, "more_body": not is_last})

    def _head(self) -> Message:
        media_type = self._framing.media_type or MEDIA_TYPES[self._request.response_format]
        headers = [
            (b"content-type", media_type.encode()),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),  # nginx is not to hold audio back
        ]
        return {"type": "http.response.start", "status": 200, "headers": headers}

    async def _beside(self, call: Callable[..., bytes], *arguments: Samples) -> bytes:
        """Call the encoder, beside the loop if it takes its time."""
        if not self._encoder.is_slow:
            return call(*arguments)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._context.encoders, call, *arguments)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _error_of(chunk: Chunk, facts: dict[str, Any]) -> ApiError | None:
    """The error for a record that was not spoken whole."""
    if chunk.status is Status.OK:
        return None
    if chunk.status is Status.BLANK:
        return invalid("input", "there is nothing to say", "blank_input")
    message = chunk.error or "the text cannot be spoken"
    if chunk.status is Status.FAILED and facts["spoken"] is None:
        return ApiError(400, "unspeakable", message, "input")
    return ApiError(500, "synthesis_failed", message)
