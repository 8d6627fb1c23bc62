"""The one line that a terminal shows while it works, as wide as the terminal is."""

from __future__ import annotations

import os
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from vvcli.progress.tally import Tally, count, duration
from vvcli.script.measure import Total

BAR = 20  # columns
DEFAULT_COLUMNS = 80
GAP = "  "


@dataclass(frozen=True)
class _Part:
    """A figure; of those that do not all fit, the ones of lower rank are shown."""

    rank: int
    text: str
    style: str = ""


class StatusLine:
    """A rich renderable: how the run is going, as of the last `update`.

    It is as wide as the terminal `descriptor` is when it is drawn, if that is known.
    """

    def __init__(self, total: Total | None = None, descriptor: int | None = None) -> None:
        self._total = total
        self._descriptor = descriptor
        self._share = 0.0  # of the characters; what time goes by
        self._parts = [_Part(0, "starting")]

    def update(self, tally: Tally, characters: int) -> None:
        """Take the figures of `tally`; records of so many `characters` have ended."""
        total = self._total
        if total and total.characters:
            self._share = min(1.0, characters / total.characters)
        if not tally.has_started:
            return
        records = f"{tally.records}/{total.records} records" if total else None
        parts = [_Part(3, records or count(tally.records, "record"))]
        if tally.failed:
            parts.append(_Part(2, f"{tally.failed} failed", "red"))
        if tally.active:
            parts.append(_Part(6, count(tally.active, "stream")))
        parts.append(_Part(4, f"{duration(tally.audio)} audio"))
        if tally.records:  # before, it is the speed of loading
            parts.append(_Part(0, f"{tally.speed:.1f}×", "bold"))
        if tally.first_audio is not None:
            parts.append(_Part(7, f"first {tally.first_audio:.2f} s"))
        if 0 < self._share < 1:
            left = tally.elapsed * (1 / self._share - 1)
            parts.append(_Part(1, f"{duration(left)} left"))
        self._parts = parts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The figures, and the bar where there is space for it."""
        parts = self._parts
        width = options.max_width
        if self._descriptor is not None:
            width = min(width, columns(self._descriptor))
        if self._total is not None and width > BAR:
            parts = [_Part(5, _bar(self._share, ascii_only=options.ascii_only), "cyan"), *parts]
        line = Text(no_wrap=True, overflow="crop")
        for part in _fitting(parts, width):
            if line:
                line.append(GAP)
            text = part.text.replace("×", "x") if options.ascii_only else part.text
            line.append(text, part.style)
        yield line


def columns(descriptor: int) -> int:
    """The columns of a terminal; fewer if COLUMNS asks for fewer, 80 if nobody knows.

    A line that is wider is wrapped, and a piece of it stays each time that it is drawn.
    """
    try:
        own = os.get_terminal_size(descriptor).columns
    except OSError:
        own = 0
    asked = os.environ.get("COLUMNS", "")
    wanted = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    return min(filter(None, (own, wanted)), default=DEFAULT_COLUMNS)


def _fitting(parts: list[_Part], width: int) -> list[_Part]:
    """The parts for which there is space; none where the shortest line would be cut."""
    chosen: list[_Part] = []
    room = width + len(GAP)
    for part in sorted(parts, key=lambda part: part.rank):
        room -= len(part.text) + len(GAP)
        if room < 0:
            break
        chosen.append(part)
    return [part for part in parts if part in chosen]


def _bar(share: float, *, ascii_only: bool) -> str:
    """Full and empty cells that differ without colour, too."""
    full, empty = ("#", ".") if ascii_only else ("━", "·")
    done = int(share * BAR)
    return full * done + empty * (BAR - done)
