"""Errors as clients get them, in the shape of OpenAI's."""

from __future__ import annotations

import json
from typing import Any

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "server_error",
}


class ApiError(Exception):
    """A request that is refused.

    Args:
        status: of HTTP.
        code: a word for programs.
        message: a sentence for people.
        param: the field that is wrong.
        headers: besides the usual ones.
        closes: the connection cannot be used any more.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        param: str | None = None,
        *,
        headers: dict[str, str] | None = None,
        closes: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.headers = {**(headers or {}), **({"connection": "close"} if closes else {})}

    def as_dict(self) -> dict[str, Any]:
        """The value of `error`."""
        return {
            "message": self.message,
            "type": _TYPES.get(self.status, "invalid_request_error"),
            "param": self.param,
            "code": self.code,
        }

    def body(self) -> bytes:
        """As JSON, ASCII."""
        return json.dumps({"error": self.as_dict()}).encode()


def busy(message: str) -> ApiError:
    """All streams are being spoken, and as many wait as may."""
    return ApiError(429, "queue_full", message, headers={"retry-after": "1"})


def shutting_down() -> ApiError:
    """The server takes nothing new."""
    message = "the server is shutting down: try again later"
    return ApiError(503, "shutting_down", message, headers={"retry-after": "5"}, closes=True)


def invalid(param: str, message: str, code: str = "invalid_value") -> ApiError:
    """A field that is wrong; `message` says how, in a sentence of which it is the subject."""
    return ApiError(400, code, f"{param}: {message}", param)
