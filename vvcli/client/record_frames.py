"""The body of a response that holds a record: audio, and how the record ended."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass

from vvcli.speech.values import Status

MEDIA_TYPE = "application/vnd.vvcli.frames"

MAX_FRAME = 16 << 20  # bytes; a server sends ten seconds of audio at most
MAX_SENTENCE = 4000  # characters of an error

_HEAD = struct.Struct(">cI")  # kind, length of what follows


class FrameError(Exception):
    """The body is not what a server of this protocol sends."""


@dataclass(frozen=True)
class RecordEnd:
    """How a record ended.

    Attributes:
        status: as of `Chunk`.
        error: a sentence that names the record, where it failed or was cut short.
        clipped: samples that the server cut off at full scale.
        spoken: the text as it was spoken; None if it was not read.
        respelled: words of it that the server's own lexicon had.
    """

    status: Status
    error: str | None = None
    clipped: int = 0
    spoken: str | None = None
    respelled: int = 0


class FrameParser:
    """Parses the body of one response.

    Args:
        width: bytes of a sample.

    Attributes:
        audio: samples that came and were not taken.
        end: how the record ended, once that is known.
    """

    def __init__(self, width: int) -> None:
        self.audio = bytearray()
        self.end: RecordEnd | None = None
        self._width = width
        self._buffer = bytearray()
        self._samples = 0

    def feed(self, data: bytes) -> None:
        """Parse more of the body.

        Raises:
            FrameError: it is malformed.
        """
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._buffer)
            if length > MAX_FRAME:
                raise FrameError(f"a frame of {length} bytes")
            if self.end is not None:
                raise FrameError("a frame after the end of the record")
            if len(self._buffer) < _HEAD.size + length:
                return
            content = bytes(self._buffer[_HEAD.size : _HEAD.size + length])
            del self._buffer[: _HEAD.size + length]
            if kind == b"A":
                self._add(content)
            elif kind == b"E":
                self.end = parse_end(content, self._samples)

    def finish(self) -> RecordEnd:
        """The end of the record, at the end of the body.

        Raises:
            FrameError: there is none.
        """
        if self.end is None or self._buffer:
            raise FrameError("the end of the record is missing")
        return self.end

    def _add(self, content: bytes) -> None:
        if len(content) % self._width:
            raise FrameError("a part of a sample")
        self._samples += len(content) // self._width
        self.audio += content


def parse_end(content: bytes, samples: int) -> RecordEnd:
    """The end that `content` says, of a record of which so many `samples` have come.

    Raises:
        FrameError: it is malformed, or says another number of samples.
    """
    try:
        facts = json.loads(content)
        status = Status(facts["status"])
        said, clipped, respelled = (facts[name] for name in ("samples", "clipped", "respelled"))
        error, spoken = facts["error"], facts["spoken"]
    except (ValueError, KeyError, TypeError, RecursionError) as wrong:
        raise FrameError("an end that cannot be read") from wrong
    if not all(type(each) is int and each >= 0 for each in (said, clipped, respelled)):
        raise FrameError("an end with wrong numbers")
    if not all(each is None or isinstance(each, str) for each in (error, spoken)):
        raise FrameError("an end with wrong text")
    if said != samples:
        raise FrameError(f"{samples} samples of a record that has {said}")
    if status in (Status.FAILED, Status.TRUNCATED):
        error = (error or "the server could not speak it")[:MAX_SENTENCE]
    else:
        error = None
    return RecordEnd(status, error, clipped, spoken, respelled)
