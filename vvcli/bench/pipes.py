"""The two ends of a run: text that comes through a pipe, audio that leaves through another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

# Another process, as a player or an encoder would be; CLOCK_MONOTONIC is the same in all.
READER = """
import json, os, time
size, first, block = 0, None, os.read(0, 1 << 20)
while block:
    first = first or time.monotonic()
    size += len(block)
    block = os.read(0, 1 << 20)
print(json.dumps([size, first, time.monotonic()]))
"""


@dataclass(frozen=True)
class Heard:
    """The bytes that came out of the pipe; times are of `time.monotonic`."""

    size: int  # bytes
    first: float | None
    last: float


class Listener:
    """A process that reads audio and counts it; `descriptor` is where to write."""

    def __init__(self) -> None:
        reading, self.descriptor = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this program's own interpreter
                [sys.executable, "-I", "-S", "-c", READER], stdin=reading, stdout=subprocess.PIPE
            )
        finally:
            os.close(reading)

    def wait(self) -> Heard:
        """The count and times, once the writing end is closed."""
        answer, _ = self._process.communicate()
        return Heard(*json.loads(answer))


class TextPipe:
    """Writes lines into a pipe from a thread; `descriptor` is where to read them."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.descriptor, self._writing = os.pipe()
        self.started = 0.0  # of `time.monotonic`
        self._lines = lines

    def start(self) -> None:
        """Begin to write; the end is closed after the last line."""
        self.started = time.monotonic()
        threading.Thread(target=self._write, daemon=True).start()

    def _write(self) -> None:
        with os.fdopen(self._writing, "w", encoding="utf-8") as file:
            for line in self._lines:
                file.write(f"{line}\n")
