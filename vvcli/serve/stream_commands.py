"""What a client says over a WebSocket: one JSON object a message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vvcli.script.decode import find_control
from vvcli.serve.api_error import ApiError, invalid
from vvcli.serve.speech_request import parse_json

# Kind: whether it has text.
KINDS = {
    "config": False,
    "text": True,
    "speak": True,
    "flush": False,
    "cancel": False,
    "end": False,
}


@dataclass(frozen=True)
class StreamCommand:
    """A message: text for `text` and `speak`, other fields for `config`."""

    kind: str
    text: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


def parse_command(message: str | bytes | None) -> StreamCommand:
    """The command that a message is.

    Raises:
        ApiError: it is none.
    """
    if not isinstance(message, str):
        raise ApiError(400, "invalid_json", "a message is a JSON object, sent as text")
    fields = parse_json(message, "the message")
    kind = fields.pop("type", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise invalid("type", f"it is not one of {', '.join(KINDS)}")
    if kind == "config":
        return StreamCommand(kind, fields=fields)
    if KINDS[kind] and "text" not in fields:
        raise ApiError(400, "missing_field", "text is missing: it is the text to speak", "text")
    text = fields.pop("text") if KINDS[kind] else ""
    if not isinstance(text, str):
        raise invalid("text", "it is not a text")
    if found := find_control(text):  # as in every other form of input
        raise invalid("text", f"it is not text: {found}")
    if fields:
        shown = next(iter(fields))[:40]
        raise ApiError(400, "unknown_field", f"{kind} has no field {shown!r}", shown)
    return StreamCommand(kind, text)
