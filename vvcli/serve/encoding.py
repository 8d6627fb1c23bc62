"""A record's audio as the body of a response, piece by piece."""

from __future__ import annotations

import base64
import json
import struct
from abc import ABC, abstractmethod
from typing import Any

from vvcli.audio.output import Output
from vvcli.audio.pcm import F32LE, S16LE, SampleFormat
from vvcli.audio.wav import wav_header
from vvcli.audio.writer import open_writer, sample_type
from vvcli.samples import SAMPLE_RATE, Samples, SampleType
from vvcli.serve.api_error import ApiError
from vvcli.speech.values import Chunk, Status

MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
    "f32le": "audio/pcm",
}

AUDIO, END = b"A", b"E"  # kinds of frames

_FRAME = struct.Struct(">cI")


class Encoder(ABC):
    """Samples in, bytes of one format out."""

    is_slow = False  # whether it is to run beside the loop

    @abstractmethod
    def encode(self, samples: Samples) -> bytes:
        """The bytes that `samples` complete."""

    def finish(self) -> bytes:
        """The bytes that were held back."""
        return b""


class PcmEncoder(Encoder):
    """Raw samples, after a header if there is one."""

    def __init__(self, sample_format: SampleFormat, header: bytes = b"") -> None:
        self._format = sample_format
        self._header = header

    def encode(self, samples: Samples) -> bytes:
        """The header, with the first samples, and these."""
        header, self._header = self._header, b""
        return header + self._format.encode(samples)


class FileEncoder(Encoder):
    """FLAC, Opus or MP3, as `speak` writes it into a pipe."""

    is_slow = True

    def __init__(self, name: str) -> None:
        self._output = MemoryOutput()
        self._writer = open_writer(name, self._output, SAMPLE_RATE)

    def encode(self, samples: Samples) -> bytes:
        """The bytes that `samples` complete."""
        self._writer.write(samples)
        return self._output.take()

    def finish(self) -> bytes:
        """The bytes that the encoder held back."""
        self._writer.finish()
        return self._output.take()


class MemoryOutput(Output):
    """An output that keeps what is written until it is taken; it cannot seek, as a pipe."""

    def __init__(self) -> None:
        self.name = "a response"
        self.closed = False
        self._start = None
        self._written = bytearray()

    def write(self, data: bytes) -> None:
        """Keep `data`."""
        self._written += data

    def take(self) -> bytes:
        """What was written since the last time."""
        data, self._written = bytes(self._written), bytearray()
        return data


def make_encoder(response_format: str) -> Encoder:
    """The encoder of a format of `speech_request.FORMATS`.

    Raises:
        UnavailableError: a library that it needs is missing, or lacks the format.
    """
    if response_format == "pcm":
        return PcmEncoder(S16LE)
    if response_format == "f32le":
        return PcmEncoder(F32LE)
    if response_format == "wav":
        return PcmEncoder(S16LE, wav_header(S16LE, SAMPLE_RATE, None))
    return FileEncoder(response_format)


def sample_type_of(response_format: str) -> SampleType:
    """The type of the samples that become a format of `speech_request.FORMATS`, as in `speak`."""
    return "int16" if response_format == "pcm" else sample_type(response_format, SAMPLE_RATE)


class Tally:
    """What became of a record, as it is made."""

    def __init__(self) -> None:
        self.samples = 0

    def add(self, samples: Samples) -> None:
        """Count `samples`."""
        self.samples += len(samples)

    def end(self, chunk: Chunk, clipped: int) -> dict[str, Any]:
        """How the record of `chunk`, its last, ended, with so many samples `clipped`."""
        status = Status.FAILED if chunk.status is None else chunk.status
        return {
            "status": status.value,
            "error": chunk.error,
            "samples": self.samples,
            "clipped": clipped,
            "spoken": chunk.record.spoken,
            "respelled": chunk.record.respelled,
        }


class Framing:
    """How bytes of audio, and the end of the record, are put into a body: as they are."""

    media_type: str | None = None  # that of the audio
    tells_all = False  # whether the end says how the record ended, however it did

    def audio(self, data: bytes) -> bytes:
        """Some audio."""
        return data

    def end(self, facts: dict[str, Any]) -> bytes:
        """The end of a record that was spoken whole."""
        return b""

    def failure(self, error: ApiError) -> bytes | None:
        """The end of one that was not; None if it cannot be said."""
        return None


class SseFraming(Framing):
    """Server-sent events, as OpenAI's."""

    media_type = "text/event-stream"

    def audio(self, data: bytes) -> bytes:
        """An event with some audio."""
        encoded = base64.b64encode(data).decode("ascii")
        return _event({"type": "speech.audio.delta", "audio": encoded})

    def end(self, facts: dict[str, Any]) -> bytes:
        """The last event."""
        tokens = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        return _event({"type": "speech.audio.done", "usage": tokens, **facts})

    def failure(self, error: ApiError) -> bytes:
        """An event that says so."""
        return _event({"type": "error", "error": error.as_dict()})


class RecordFraming(Framing):
    """Our own: kind, length and content, so that the end says how the record ended."""

    media_type = "application/vnd.vvcli.frames"
    tells_all = True

    def audio(self, data: bytes) -> bytes:
        """A frame of audio."""
        return _FRAME.pack(AUDIO, len(data)) + data

    def end(self, facts: dict[str, Any]) -> bytes:
        """The last frame."""
        data = json.dumps(facts).encode()
        return _FRAME.pack(END, len(data)) + data


def make_framing(stream_format: str) -> Framing:
    """The framing of a stream format of `speech_request.STREAM_FORMATS`."""
    return {"audio": Framing, "sse": SseFraming, "frames": RecordFraming}[stream_format]()


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"
