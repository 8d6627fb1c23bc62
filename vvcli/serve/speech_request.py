"""The fields of a speech request: OpenAI's, and ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vvcli.script.decode import find_control
from vvcli.script.limits import CFG_SCALE, SEED, SPEED, Limits
from vvcli.script.record import Record
from vvcli.serve.api_error import ApiError, invalid
from vvcli.serve.server_info import MODEL, ServerInfo
from vvcli.speech.session_options import SessionOptions

FORMATS = ("mp3", "opus", "flac", "wav", "pcm", "f32le")
STREAM_FORMATS = ("audio", "sse", "frames")
FRAMED = ("pcm", "f32le")  # what `frames` can hold

# Reading a text takes a processor longer than speaking it takes a GPU.
MAX_CHARACTERS = 100_000
MAX_SOURCE = 1000  # characters
INDEX, RECORD_INDEX = "record_index", Limits(0, 2**32 - 1, whole=True)


@dataclass(frozen=True)
class SpeechRequest:
    """One text to be spoken as one record."""

    text: str
    options: SessionOptions
    response_format: str = "mp3"
    stream_format: str = "audio"
    source: str = ""

    @property
    def record(self) -> Record:
        """The record: a seed without an index is the record's own, as in manifests."""
        return Record(self.options.first_index, self.text, self.source)


def parse_json(data: bytes | str, name: str) -> dict[str, Any]:
    """The object that `data` is, which `name` is to a client.

    Raises:
        ApiError: it is none.
    """
    try:
        value = json.loads(data, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "invalid_json", f"{name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ApiError(400, "invalid_json", f"{name} is not a JSON object")
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            message = f"the field {name[:40]!r} is there twice"
            raise ApiError(400, "duplicate_field", message, param=name)
        fields[name] = value
    return fields


def parse_request(fields: Mapping[str, Any], info: ServerInfo) -> SpeechRequest:
    """The request that `fields` make.

    Raises:
        ApiError: a field is missing, unknown or wrong.
    """
    parsers = {
        "input": _input,
        "model": lambda value: _model(value, info),
        "response_format": _one_of(FORMATS),
        "stream_format": _one_of(STREAM_FORMATS),
        "source": _source,
        **_option_parsers(info),
    }
    if "input" not in fields:
        raise ApiError(400, "missing_field", "input is missing: it is the text to speak", "input")
    found = _parse(fields, parsers)
    framed = found.get("stream_format") == "frames"
    response_format = found.get("response_format", "mp3")
    if framed and response_format not in FRAMED:
        raise invalid("response_format", f"frames hold {' or '.join(FRAMED)} only")
    return SpeechRequest(
        found["input"],
        _options(found),
        response_format,
        found.get("stream_format", "audio"),
        found.get("source", ""),
    )


def parse_options(
    fields: Mapping[str, Any], info: ServerInfo, next_index: int
) -> tuple[SessionOptions, str]:
    """How the text of a WebSocket is spoken, from `next_index` on, and the format of its audio.

    Raises:
        ApiError: a field is unknown or wrong.
    """
    parsers = {"response_format": _one_of(FRAMED), **_option_parsers(info)}
    found = _parse(fields, parsers)
    return _options(found, next_index), found.get("response_format", "pcm")


def _option_parsers(info: ServerInfo) -> dict[str, Callable[[Any], Any]]:
    return {
        "voice": _voice,
        "seed": SEED.check,
        "cfg_scale": CFG_SCALE.check,
        "language": _one_of(info.languages),
        "commands": _flag,
        "split": _flag,
        "speed": SPEED.check,
        INDEX: RECORD_INDEX.check,
    }


def _options(found: Mapping[str, Any], next_index: int = 0) -> SessionOptions:
    """The options among `found`, whose names are those of `SessionOptions`, but for the index."""
    given = {name: found[name] for name in SessionOptions.__dataclass_fields__ if name in found}
    return SessionOptions(**given, first_index=found.get(INDEX, next_index))


def _parse(
    fields: Mapping[str, Any], parsers: Mapping[str, Callable[[Any], Any]]
) -> dict[str, Any]:
    found = {}
    for name, value in fields.items():
        if name not in parsers:
            shown = name if len(name) <= 40 else f"{name[:40]}..."
            raise ApiError(400, "unknown_field", f"there is no field {shown!r}", shown)
        if value is None and name != "input":  # as if it were not there
            continue
        try:
            found[name] = parsers[name](value)
        except ValueError as error:
            raise invalid(name, str(error)) from None
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("it is not a text")
    return value


def _input(value: Any) -> str:
    text = _bounded(value, MAX_CHARACTERS)
    if found := find_control(text):  # as in every other form of input
        raise ValueError(f"it is not text: {found}")
    return text


def _source(value: Any) -> str:
    return _bounded(value, MAX_SOURCE)


def _bounded(value: Any, length: int) -> str:
    if len(_text(value)) > length:
        raise ValueError(f"it is longer than {length} characters")
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("it is neither true nor false")
    return value


def _voice(value: Any) -> str:
    name = value.get("id") if isinstance(value, dict) and value.keys() == {"id"} else value
    if not _text(name):
        raise ValueError("it is empty")
    return str(name)


def _model(value: Any, info: ServerInfo) -> str:
    if value not in (MODEL, info.model):
        message = f"there is no such model here: use {info.model!r} or {MODEL!r}"
        raise ApiError(404, "model_not_found", message, "model")
    return str(value)


def _one_of(words: tuple[str, ...]) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in words:
            raise ValueError(f"it is not one of {', '.join(words)}")
        return str(value)

    return parse
