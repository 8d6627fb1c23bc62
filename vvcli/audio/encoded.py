"""FLAC, Opus and MP3, encoded by libsndfile while the samples come."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from typing import Any, TypeVar

import numpy as np

from vvcli.audio.output import Output
from vvcli.audio.pcm import S16LE, AudioWriter
from vvcli.errors import OutputError, UnavailableError
from vvcli.samples import Samples, count_clipped

# libsndfile's names.
_SUBTYPES = {
    "flac": ("FLAC", "PCM_16"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}

# Samples encoded at once through a pipe: what comes of them fits in a socket's buffer many times.
_PIPED = 4096

# Without the tag that LAME puts in at the end, readers take the length from the bit rate of the
# first frame, so that it must be constant.
_CONSTANT_BIT_RATE = {"bitrate_mode": "CONSTANT", "compression_level": 0.5}

Result = TypeVar("Result")


def check_encoder(name: str) -> Any:
    """The module soundfile, if it can write format `name`.

    Raises:
        UnavailableError: soundfile is not installed, or its libsndfile lacks the format.
    """
    try:
        soundfile = import_module("soundfile")
    except (ImportError, OSError) as error:
        raise UnavailableError(
            f"{name} needs the Python package soundfile ({error}): pip install soundfile"
        ) from error
    container, subtype = _SUBTYPES[name]
    if not soundfile.check_format(container, subtype):
        raise UnavailableError(
            f"libsndfile {soundfile.__libsndfile_version__} was built without {name}", remedy="wav"
        )
    return soundfile


class EncodedWriter(AudioWriter):
    """Samples through an encoder; what it has made is written before `write` returns.

    Nothing is written before the first samples, and nothing at all if there are none: only FLAC
    could say so, and libsndfile does not. Encoders hold samples back: FLAC 4096, Opus up to a
    second, MP3 a few frames.

    In the main thread, the encoder is called through a thread of its own: Python would run a
    signal's handler inside one of its callbacks, where cffi prints the exception and drops it.
    """

    def __init__(self, output: Output, name: str, rate: int) -> None:
        super().__init__()
        self._soundfile = check_encoder(name)
        self._name = name
        self._rate = rate
        self._lossless = name == "flac"
        # libsndfile writes LAME's tag unless it is told that it writes to a pipe. FLAC it ends
        # with 27 stray bytes when it is told that: patches it could not put in their place.
        to_pipe = name == "mp3" and not output.seekable
        self._sink = _Pipe(output) if to_pipe else _VirtualFile(output)
        self._options = _CONSTANT_BIT_RATE if to_pipe else {}
        self._thread: ThreadPoolExecutor | None = None
        self._file: Any = None

    def write(self, samples: Samples) -> None:
        """Encode `samples` [n]."""
        if len(samples) and self._file is None:
            self._open()
        at_once = self._sink.max_samples or len(samples) or 1
        for start in range(0, len(samples), at_once):
            block = samples[start : start + at_once]
            self.clipped += count_clipped(block)
            self._run(self._file.write, self._prepared(block))
            self._sink.flush()
        self.samples += len(samples)

    def finish(self) -> None:
        """Encode what is held back, and put sizes into the headers where the output can seek."""
        if self._file is not None:
            self._run(self._file.close)
            self._sink.flush()
        if self._thread is not None:
            self._thread.shutdown()

    def _open(self) -> None:
        container, subtype = _SUBTYPES[self._name]
        arguments = (self._sink.file, "w", self._rate, 1, subtype, None, container)
        self._file = self._run(lambda: self._soundfile.SoundFile(*arguments, **self._options))

    def _prepared(self, block: Samples) -> Any:
        """As 16-bit samples for FLAC: libsndfile's own conversion rounds down."""
        if self._lossless:
            return np.frombuffer(S16LE.encode(block), "<i2")
        return np.ascontiguousarray(block.clip(-1, 1))

    def _run(self, call: Callable[..., Result], *arguments: object) -> Result:
        try:
            if threading.current_thread() is not threading.main_thread():
                return call(*arguments)
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1)
            return self._thread.submit(call, *arguments).result()
        except self._soundfile.SoundFileError as error:
            raise OutputError(f"cannot encode {self._name}: {error}") from error


class _VirtualFile:
    """What libsndfile takes for a file: its writes are kept until `flush` passes them on.

    Nothing is written from inside libsndfile, whose callbacks cannot raise. Writes to an earlier
    place are dropped where the output cannot seek: FLAC's header then says that its length is
    unknown, and Ogg has none.
    """

    max_samples: int | None = None  # encoded at once: a turn of the thread takes as long as 4096

    def __init__(self, output: Output) -> None:
        self.file = self
        self._output = output
        self._position = 0
        self._end = 0
        self._added = bytearray()
        self._patches: list[tuple[int, bytes]] = []

    def write(self, data: bytes) -> int:
        if self._position == self._end:
            self._added += data
            self._end += len(data)
        else:
            self._patches.append((self._position, bytes(data)))
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._end}
        self._position = base[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        # soundfile asks for the method; no encoder reads back.
        return b""

    def flush(self) -> None:
        added, self._added = bytes(self._added), bytearray()
        patches, self._patches = self._patches, []
        self._output.write(added)
        for position, data in patches:
            self._output.rewrite(position, data)


class _Pipe:
    """What libsndfile takes for a pipe: a socket whose other end `flush` empties.

    Not a pipe, whose size falls to a page for a user who has many; and not the output itself,
    whose errors libsndfile does not tell apart.
    """

    max_samples: int | None = _PIPED

    def __init__(self, output: Output) -> None:
        self._output = output
        self._ours, theirs = socket.socketpair()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        self.file = theirs.detach()  # soundfile closes it

    def flush(self) -> None:
        with suppress(BlockingIOError):
            while data := self._ours.recv(1 << 16, socket.MSG_DONTWAIT):
                self._output.write(data)
