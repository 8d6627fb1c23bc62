"""What every form of progress shares: when to use which, and what is worth a line."""

from __future__ import annotations

import os
from typing import Protocol, TextIO

from vvcli.progress.tally import Tally
from vvcli.script.measure import Total
from vvcli.speech.values import Chunk

MODES = ("auto", "bar", "plain", "json", "none")


class Progress(Protocol):
    """One stream of events: notes, chunks as they are written, and the end."""

    def note(self, text: str) -> None:
        """Something about the run."""

    def chunk(self, chunk: Chunk, tally: Tally) -> None:
        """`chunk` was written, and counted in `tally`."""

    def finish(self, tally: Tally) -> None:
        """All is done."""

    def close(self) -> None:
        """Leave the terminal as it was, whatever happened."""


def open_progress(
    mode: str, stream: TextIO, descriptor: int, total: Total | None = None
) -> Progress:
    """Progress of one of `MODES` on `stream`, which writes to `descriptor`.

    `auto` is a bar on a terminal and plain lines elsewhere. The descriptor is asked, not rich:
    with FORCE_COLOR set, rich animates into files. Where nobody looks at the terminal now, in a
    job in the background or of continuous integration, `auto` is plain lines, too.
    """
    from vvcli.progress.plain_lines import PlainProgress

    if mode == "json":
        from vvcli.progress.json_lines import JsonProgress

        return JsonProgress(stream)
    if mode in ("auto", "bar"):
        if _can_draw(descriptor) and (mode == "bar" or _is_watched(descriptor)):
            from vvcli.progress.bar import BarProgress

            return BarProgress(stream, total, descriptor=descriptor)
        mode = "plain"
    return PlainProgress(stream, quiet=mode == "none")


def _can_draw(descriptor: int) -> bool:
    return os.isatty(descriptor) and os.environ.get("TERM") not in (None, "", "dumb", "unknown")


def _is_watched(descriptor: int) -> bool:
    if os.environ.get("CI"):
        return False
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:  # a terminal, but not the one that controls this process
        return True
