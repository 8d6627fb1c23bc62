"""Progress on a terminal: one live line, with everything else above it."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.markup import escape

from vvcli.progress.status_line import StatusLine
from vvcli.progress.tally import Tally
from vvcli.progress.visible import visible
from vvcli.script.measure import Total
from vvcli.speech.values import Chunk

REFRESHES_PER_SECOND = 8


class BarProgress:
    """Draws on `stream`, which must be a terminal, until it is closed.

    With `total` a bar fills by characters, which is what time goes by; without, there is none.
    """

    def __init__(
        self, stream: TextIO, total: Total | None = None, *, width: int | None = None
    ) -> None:
        self._characters = 0
        self._line = StatusLine(total)
        self._console = Console(file=stream, width=width, highlight=False)
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
