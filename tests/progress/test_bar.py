"""The display on a terminal, drawn into a string."""

from __future__ import annotations

import io
import re

from vvcli.progress.bar import BarProgress
from vvcli.progress.tally import Tally
from vvcli.script.measure import Total
from vvcli.utterance import Status

from .clock import Clock, chunk


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def test_the_bar_shows_the_run_and_goes_away() -> None:
    clock, terminal = Clock(), Terminal()
    tally = Tally(clock)
    progress = BarProgress(terminal, Total(10, 40), width=160)
    clock.now += 2
    for status in (Status.OK, Status.FAILED):
        ended = chunk(48_000 if status is Status.OK else 0, status, "book.txt:5: [no] voice")
        tally.add(ended)
        tally.active = 3
        progress.chunk(ended, tally)
    progress._progress.refresh()
    shown = plain(terminal.getvalue())
    assert "vvcli: book.txt:5: [no] voice" in shown
    last = shown.splitlines()[-1]
    for part in ("2/10 records", "1 failed", "3 streams", "2.0 s audio", "1.0×", "first 2.00 s"):
        assert part in last
    assert "8.0 s left" in last  # 8 of 40 characters took two seconds
    progress.finish(tally)
    assert plain(terminal.getvalue()).rstrip().endswith(f"vvcli: {tally}")
    assert "\x1b[?25h" in terminal.getvalue(), "the cursor is back"


def test_without_a_total_there_is_no_end_in_sight() -> None:
    terminal, tally = Terminal(), Tally(Clock())
    progress = BarProgress(terminal, width=160)
    ended = chunk(10, Status.OK)
    tally.add(ended)
    progress.chunk(ended, tally)
    progress._progress.refresh()
    progress.close()
    shown = plain(terminal.getvalue())
    assert "1 record " in shown
    assert "left" not in shown
