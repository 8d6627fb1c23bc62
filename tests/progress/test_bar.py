"""The display on a terminal, drawn into a string."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from rich.console import Console

from vvcli.progress.bar import BarProgress
from vvcli.progress.status_line import StatusLine
from vvcli.progress.tally import Tally
from vvcli.script.measure import Total
from vvcli.speech.values import Status

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
    progress._live.refresh()
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
    progress._live.refresh()
    progress.close()
    shown = plain(terminal.getvalue())
    assert "1 record " in shown
    assert "left" not in shown


TOTAL = Total(10, 40)


def shown(width: int, tally: Tally, total: Total | None = TOTAL, **options: Any) -> str:
    """What a terminal of `width` columns shows of `tally`, after half of the characters."""
    line = StatusLine(total)
    line.update(tally, 20 * bool(tally.records))
    stream = io.StringIO()
    Console(file=stream, width=width, **options).print(line)
    return stream.getvalue()


@pytest.fixture(scope="module")
def tally() -> Tally:
    """Nothing changes it: it is only drawn."""
    clock = Clock()
    made = Tally(clock)
    clock.now += 60
    for _ in range(5):
        made.add(chunk(24_000 * 300, Status.OK))
    made.add(chunk(0, Status.FAILED))
    made.active = 1
    return made


# The last to go first.
FIGURES = [
    "25.0×",
    "1:00 left",
    "1 failed",
    "6/10 records",
    "25:00 audio",
    "━",
    "1 stream",
    "first",
]


def test_what_matters_is_the_last_to_go(tally: Tally) -> None:
    for width in range(20, 201):
        text = shown(width, tally)
        assert text.count("\n") == 1
        assert len(text.rstrip("\n")) <= width
        there = [figure in text for figure in FIGURES]
        assert there == sorted(there, reverse=True)
        assert there[:2] == [True, True]
        assert width < 40 or all(there[:3])
        assert width < 140 or all(there)
        assert "1 streams" not in text
        assert not text.startswith(" ")


@pytest.mark.parametrize("width", [1, 4])
def test_no_room_at_all(tally: Tally, width: int) -> None:
    assert len(shown(width, tally).rstrip("\n")) <= width


def test_it_says_that_it_starts_until_there_is_something_to_say() -> None:
    clock = Clock()
    tally = Tally(clock)
    clock.now += 5
    assert shown(80, tally).split() == ["·" * 20, "starting"]
    tally.add(chunk(2_400))
    text = shown(80, tally)
    assert "0.1 s audio" in text
    assert "×" not in text, "the time so far went into loading"


def test_the_bar_is_there_without_colour_and_without_unicode(
    tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(120, tally, force_terminal=True, no_color=True).lstrip("\x1b[0m").count("━") == 10
    assert not shown(120, tally, None).startswith(" ")
    raw = io.BytesIO()
    ascii_only = io.TextIOWrapper(raw, encoding="ascii")
    line = StatusLine(Total(10, 40))
    line.update(tally, 20)
    Console(file=ascii_only, width=120).print(line)
    ascii_only.flush()
    assert raw.getvalue().startswith(b"##########..........  6/10 records")
    assert b"25.0x" in raw.getvalue()


def test_the_cursor_is_not_hidden_while_it_works() -> None:
    terminal = Terminal()
    progress = BarProgress(terminal, width=80)
    shows, hides = (terminal.getvalue().rfind(f"\x1b[?25{letter}") for letter in "hl")
    progress.close()
    assert shows > hides


def test_what_steers_a_terminal_is_written_out_above_the_bar() -> None:
    terminal = Terminal()
    progress = BarProgress(terminal, width=160)
    progress.note("a\x1b]0;owned\x07\nvvcli: all is well")
    progress.chunk(chunk(0, Status.FAILED, "\u202eb\x9b2J"), Tally())
    progress.close()
    shown = plain(terminal.getvalue())
    assert "vvcli: a\\x1b]0;owned\\x07 vvcli: all is well" in shown
    assert "vvcli: \\u202eb\\x9b2J" in shown
