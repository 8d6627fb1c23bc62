"""The body of a request: bounded in size and time."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.types import Receive

from vvcli.serve.api_error import ApiError
from vvcli.serve.server_info import Limits

# Of a body that is refused for its size so much is read, so that its sender gets to the answer.
DISCARDED_BYTES, DISCARDED_SECONDS = 8 << 20, 2.0


class ClientGoneError(Exception):
    """The client has left before its request was whole."""


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body of `request`.

    Raises:
        ApiError: it is too long, or does not end in time.
        ClientGoneError: nobody waits for an answer.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.body_bytes:
        if "expect" not in request.headers:
            await _discard(request.receive)
        raise _too_large(limits)
    try:
        return await asyncio.wait_for(_collect(request.receive, limits), limits.body)
    except asyncio.TimeoutError:
        message = f"the body did not end within {limits.body:g} s"
        raise ApiError(408, "body_timeout", message, closes=True) from None


async def _collect(receive: Receive, limits: Limits) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        body += message.get("body", b"")
        if len(body) > limits.body_bytes:
            await _discard(receive)
            raise _too_large(limits)
        if not message.get("more_body", False):
            return bytes(body)


async def _discard(receive: Receive) -> None:
    async def discard() -> None:
        size = 0
        while size < DISCARDED_BYTES:
            message = await receive()
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return
            size += len(message.get("body", b""))

    try:
        await asyncio.wait_for(discard(), DISCARDED_SECONDS)
    except asyncio.TimeoutError:
        return


def _too_large(limits: Limits) -> ApiError:
    message = f"the body is larger than {limits.body_bytes} bytes"
    return ApiError(413, "body_too_large", message, closes=True)
