"""Progress on a terminal: one live line, with everything else above it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, TextIO, cast

from rich.console import Console
from rich.live import Live
from rich.markup import escape

from vvcli.progress.status_line import StatusLine
from vvcli.progress.tally import Tally
from vvcli.progress.visible import visible
from vvcli.script.measure import Total
from vvcli.speech.values import Chunk

REFRESHES_PER_SECOND = 8

# rich believes these more than the terminal, at once and for ever, whatever is in them.
_SIZE = ("COLUMNS", "LINES")


class BarProgress:
    """Draws on `stream`, which must be a terminal, until it is closed.

    With `total` a bar fills by characters, which is what time goes by; without, there is none.
    `descriptor` is that of the terminal, which is asked for its width.
    """

    def __init__(
        self,
        stream: TextIO,
        total: Total | None = None,
        *,
        width: int | None = None,
        descriptor: int | None = None,
    ) -> None:
        self._characters = 0
        self._line = StatusLine(total, descriptor)
        self._console = Console(
            file=cast(TextIO, _Lossy(stream)),
            force_terminal=True,
            width=width,
            highlight=False,
            soft_wrap=True,  # a path that the terminal wraps can be copied
            _environ={name: os.environ[name] for name in os.environ if name not in _SIZE},
        )
        self._live = Live(
            self._line,
            console=self._console,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
        )
        self._live.start()
        # rich hides the cursor, which would stay hidden after ^Z or SIGKILL.
        self._console.show_cursor(True)

    def note(self, text: str) -> None:
        """Say something about the run, above the bar."""
        self._console.print(f"[dim]vvcli:[/dim] {escape(visible(text))}")

    def chunk(self, chunk: Chunk, tally: Tally) -> None:
        """Report what is new after `chunk` was counted in `tally`."""
        if chunk.error:
            self._console.print(f"[red]vvcli:[/red] {escape(visible(chunk.error))}")
        if chunk.status is not None:
            self._characters += len(chunk.record.text)
        self._line.update(tally, self._characters)

    def finish(self, tally: Tally) -> None:
        """Take the bar away and leave the last line."""
        self.close()
        self.note(str(tally))

    def close(self) -> None:
        """Take the bar away; the terminal is as it was."""
        self._live.stop()


class _Lossy:
    """A terminal that may be gone at any time, which is no reason to lose audio."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text`, if that is possible."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is left, if that is possible."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
