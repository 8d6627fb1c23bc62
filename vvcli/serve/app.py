"""The routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from vvcli.errors import UnavailableError
from vvcli.serve import metrics
from vvcli.serve.api_error import ApiError, invalid, shutting_down
from vvcli.serve.context import ServerContext
from vvcli.serve.guard import Admission, Guard
from vvcli.serve.request_body import ClientGoneError, read_body
from vvcli.serve.server_info import MODEL
from vvcli.serve.speech_request import parse_json, parse_request
from vvcli.serve.speech_response import SpeechResponse
from vvcli.serve.stream_socket import StreamSocket


def make_app(context: ServerContext, admission: Admission) -> ASGIApp:
    """The application of one server."""
    return Guard(Routes(context), admission, context.log, context.metrics)


class Routes:
    """Finds the endpoint of a path; errors are for the guard."""

    def __init__(self, context: ServerContext) -> None:
        self._router = Router(
            [
                Route("/v1/audio/speech", SpeechEndpoint(context), methods=["POST"]),
                WebSocketRoute("/v1/audio/stream", _stream(context)),
                *(Route(path, call, methods=["GET"]) for path, call in _answers(context).items()),
            ],
            redirect_slashes=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        Raises:
            ApiError: it is refused, and nothing was sent yet.
        """
        scope["app"] = self  # the router raises what it would otherwise answer
        try:
            await self._router(scope, receive, send)
        except HTTPException as error:
            if error.status_code == 405:
                message = "the path has another method"
                raise ApiError(405, "method_not_allowed", message) from error
            raise ApiError(404, "not_found", "there is nothing under this path") from error


class SpeechEndpoint:
    """`POST /v1/audio/speech`."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request and speak it."""
        context, log = self._context, scope["vvcli.log"]
        try:
            if context.is_draining:
                raise shutting_down()
            body = await read_body(Request(scope, receive), context.limits)
            request = parse_request(parse_json(body, "the body"), context.info)
            log.add(characters=len(request.text), format=request.response_format)
            try:
                response = SpeechResponse(context, request, log)
            except UnavailableError as error:
                raise invalid("response_format", str(error)) from error
            await response(scope, receive, send)
        except ClientGoneError:
            log.add(cancelled=True)


def _stream(context: ServerContext) -> Callable[[WebSocket], Awaitable[None]]:
    async def stream(socket: WebSocket) -> None:
        if context.is_draining:
            raise shutting_down()
        await StreamSocket(context, socket).run()

    return stream


def _answers(context: ServerContext) -> dict[str, Callable[[Request], Awaitable[Response]]]:
    info = context.info
    model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "vvcli"}

    async def handshake(_: Request) -> Response:
        return JSONResponse(info.handshake())

    async def models(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": [model]})

    async def one_model(_: Request) -> Response:
        return JSONResponse(model)

    async def voices(_: Request) -> Response:
        data = [
            {"id": name, "object": "voice", "default": name == info.voice} for name in info.voices
        ]
        return JSONResponse({"object": "list", "data": data})

    async def health(_: Request) -> Response:
        if context.is_draining:
            return JSONResponse({"status": "draining"}, 503)
        return JSONResponse({"status": "ok"})

    async def figures(_: Request) -> Response:
        return Response(context.metrics.text(), media_type=metrics.CONTENT_TYPE)

    return {
        "/v1/handshake": handshake,
        "/v1/models": models,
        f"/v1/models/{MODEL}": one_model,
        "/v1/voices": voices,
        "/healthz": health,
        "/metrics": figures,
    }
