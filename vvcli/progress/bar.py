"""Progress on a terminal: one live line, with everything else above it."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from vvcli.progress.report import problem_of
from vvcli.progress.tally import Tally, count, duration
from vvcli.script.measure import Total
from vvcli.utterance import Chunk

REFRESHES_PER_SECOND = 8


class BarProgress:
    """Draws on `stream`, which must be a terminal, until it is closed.

    With `total` the bar fills by characters, which is what time goes by; without, it only moves.
    """

    def __init__(
        self, stream: TextIO, total: Total | None = None, *, width: int | None = None
    ) -> None:
        self._total = total
        self._characters = 0
        self._console = Console(file=stream, width=width, highlight=False)
        self._progress = Progress(
            BarColumn(bar_width=20),
            TextColumn("{task.description}"),
            console=self._console,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=total.characters if total else None)
        self._progress.start()

    def note(self, text: str) -> None:
        """Say something about the run, above the bar."""
        self._console.print(f"[dim]vvcli:[/dim] {escape(text)}")

    def chunk(self, chunk: Chunk, tally: Tally) -> None:
        """Report what is new after `chunk` was counted in `tally`."""
        problem = problem_of(chunk)
        if problem:
            self._console.print(f"[red]vvcli:[/red] {escape(problem)}")
        if chunk.status is not None:
            self._characters += len(chunk.record.text)
        self._progress.update(
            self._task, completed=self._characters, description=self._describe(tally)
        )

    def finish(self, tally: Tally) -> None:
        """Take the bar away and leave the last line."""
        self.close()
        self.note(str(tally))

    def close(self) -> None:
        """Take the bar away; the terminal is as it was."""
        self._progress.stop()

    def _describe(self, tally: Tally) -> str:
        total = self._total
        parts = [
            f"{tally.records}/{total.records} records" if total else count(tally.records, "record")
        ]
        if tally.failed:
            parts.append(f"[red]{tally.failed} failed[/red]")
        parts.append(count(tally.active, "stream"))
        parts.append(f"{duration(tally.audio)} audio")
        parts.append(f"[bold]{tally.speed:.1f}×[/bold]")
        if tally.first_audio is not None:
            parts.append(f"first {tally.first_audio:.2f} s")
        if self._total and 0 < self._characters < self._total.characters:
            left = tally.elapsed * (self._total.characters / self._characters - 1)
            parts.append(f"{duration(left)} left")
        return "  ".join(parts)
