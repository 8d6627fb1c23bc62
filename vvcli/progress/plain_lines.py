"""Progress as plain lines: one every few seconds, and one at the end."""

from __future__ import annotations

from contextlib import suppress
from typing import TextIO

from vvcli.progress.tally import Tally
from vvcli.progress.visible import visible
from vvcli.speech.values import Chunk

INTERVAL = 5.0  # seconds between lines


class PlainProgress:
    """Writes to `stream`; with `quiet` only what went wrong with a record."""

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._next_line = INTERVAL
        # The line that is due, and its figures. It waits until there are others: after the last
        # chunk, the last line says the same.
        self._due: tuple[tuple[int, int], str] | None = None

    def note(self, text: str) -> None:
        """Say something about the run."""
        if not self._quiet:
            self._say(text)

    def chunk(self, chunk: Chunk, tally: Tally) -> None:
        """Report what is new after `chunk` was counted in `tally`."""
        figures = tally.samples, tally.records
        if self._due and self._due[0] != figures:
            self.note(self._due[1])
            self._due = None
        if chunk.error:
            self._say(chunk.error)
        if tally.elapsed >= self._next_line:
            self._next_line = tally.elapsed + INTERVAL
            self._due = figures, tally.so_far()

    def finish(self, tally: Tally) -> None:
        """The last line."""
        self.note(str(tally))

    def close(self) -> None:
        """Nothing is left to put back."""

    def _say(self, text: str) -> None:
        with suppress(OSError):  # a full or broken standard error is no reason to lose audio
            self._stream.write(f"vvcli: {visible(text)}\n")
            self._stream.flush()
