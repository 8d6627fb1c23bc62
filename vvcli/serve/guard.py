"""Who is let in: the first thing that sees a request, and the last that sees its response."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vvcli.serve.access_log import AccessLog, RequestLog
from vvcli.serve.api_error import ApiError
from vvcli.serve.metrics import Metrics

OPEN_PATHS = ("/healthz",)  # without a token

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - they are recognized, not listened on
_PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-max-age", b"600"),
]


INTERNAL = ApiError(500, "internal_error", "the server has failed", closes=True)


@dataclass(frozen=True)
class Admission:
    """The rules.

    Attributes:
        names: under which the server listens on TCP; loopback always is one.
        origins: web pages that may use it.
        token: that every request over TCP has to show; None: none.
    """

    names: Collection[str] = ()
    origins: Collection[str] = ()
    token: str | None = field(default=None, repr=False)

    def check_name(self, scope: Scope) -> None:
        """Refuse a request from a page of the web, or under a name that is not ours.

        Raises:
            ApiError: 403.
        """
        headers = Headers(scope=scope)
        self._check_origin(headers)
        if not _is_local(scope):  # otherwise the rights of the socket's file have let it in
            self._check_host(headers)

    def check_token(self, scope: Scope) -> None:
        """Refuse a request over TCP that does not show the token.

        Raises:
            ApiError: 401.
        """
        headers = Headers(scope=scope)
        if self.token is None or _is_local(scope) or scope["path"] in OPEN_PATHS:
            return
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given, expected = token.strip().encode(), self.token.encode()
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, expected):
            raise ApiError(
                401,
                "invalid_token",
                "send the server's token as `Authorization: Bearer TOKEN`",
                headers={"www-authenticate": "Bearer"},
                closes=True,
            )

    def _check_origin(self, headers: Headers) -> None:
        """A page of the web makes any browser send requests; it cannot hide that it did."""
        if any(origin not in self.origins for origin in headers.getlist("origin")):
            message = "pages of this origin may not use the server"
            raise ApiError(403, "origin_not_allowed", message, closes=True)

    def _check_host(self, headers: Headers) -> None:
        """A name that an attacker has made to lead here is not one of ours."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(_host_name(hosts[0])):
            message = "the server does not listen under this name"
            raise ApiError(403, "host_not_allowed", message, closes=True)

    def _is_ours(self, name: str) -> bool:
        if name in _LOOPBACK or name in self.names:
            return True
        # No name leads to a number: whoever says one has meant this machine.
        return any(each in _WILDCARDS for each in self.names) and _is_address(name)


class Guard:
    """Checks every request before `app` sees it, and logs it.

    Args:
        app: what is guarded.
        admission: the rules.
        log: gets a line for each request.
        metrics: counts those that are refused.
    """

    def __init__(
        self, app: ASGIApp, admission: Admission, log: AccessLog, metrics: Metrics
    ) -> None:
        self._app = app
        self._admission = admission
        self._log = log
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or answer it here."""
        if scope["type"] not in ("http", "websocket"):
            return
        log = scope["vvcli.log"] = RequestLog(self._log, scope)
        origin = Headers(scope=scope).get("origin")
        sent = 0

        async def watched(message: Message) -> None:
            nonlocal sent
            if message["type"].endswith("response.start"):
                log.add(status=message["status"])
                if origin in self._admission.origins and origin is not None:
                    allowed = (b"access-control-allow-origin", origin.encode("latin-1"))
                    message["headers"] = [*message["headers"], allowed, (b"vary", b"origin")]
            sent += len(message.get("body") or message.get("bytes") or b"")
            await send(message)

        try:
            self._admission.check_name(scope)
            if scope["type"] == "http" and scope["method"] == "OPTIONS" and origin is not None:
                await respond(scope, watched, 204, b"", _PREFLIGHT)  # browsers ask without a token
                return
            self._admission.check_token(scope)
            await self._app(scope, receive, watched)
        except ApiError as error:
            self._metrics.refused.labels(error.code).inc()
            log.add(code=error.code)
            await refuse(scope, watched, error)
        except Exception as error:  # a mistake of ours, or an engine that has failed
            log.add(error=f"{type(error).__name__}: {error}"[:500])
            if "status" not in log.facts:
                await refuse(scope, watched, INTERNAL)
        finally:
            log.add(bytes=sent)
            log.finish()


async def refuse(scope: Scope, send: Send, error: ApiError) -> None:
    """Answer with `error`."""
    headers = [(name.encode(), value.encode()) for name, value in error.headers.items()]
    body = error.body()
    headers += [(b"content-type", b"application/json")]
    if scope["type"] == "http":  # uvicorn adds the length of what refuses a WebSocket
        headers += [(b"content-length", str(len(body)).encode())]
    await respond(scope, send, error.status, body, headers)


async def respond(
    scope: Scope, send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    """Send a whole response, to a WebSocket that is not accepted as well."""
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})


def _is_local(scope: Scope) -> bool:
    """Whether a request came through a Unix socket, which has no port."""
    server = scope.get("server")
    return server is not None and server[1] is None


def _host_name(host: str) -> str:
    """A Host header without the port, and the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
