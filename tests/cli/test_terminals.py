"""Terminals of every width and kind: progress is drawn within them, and is gone at the end."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import on_terminal, shown, warm_on_terminal
from tests.conftest import TINY

# A run of four records, of which one fails, without a model.
RUN = """
import sys, time
import numpy as np
from vvcli.cli.environment import Environment
from vvcli.progress.report import open_progress
from vvcli.progress.tally import Tally
from vvcli.script.measure import Total
from vvcli.script.record import Record
from vvcli.speech.values import Chunk, Status

class Clocked(Tally):
    elapsed = 6.0

progress = open_progress(sys.argv[1], Environment.claim().stderr, 2, Total(4, 32))
tally = Clocked()
progress.note("a path: /tmp/a b.wav, na\\xefve\\u2026")
for index in range(4):
    status = Status.FAILED if index == 2 else Status.OK
    samples = np.zeros(0 if index == 2 else 24000 * 300, np.float32)
    chunk = Chunk(Record(index, "Hi there", "t"), samples, status, "no" if index == 2 else None)
    tally.add(chunk)
    progress.chunk(chunk, tally)
    if sys.argv[1] == "bar":
        progress._live.refresh()
progress.finish(tally)
"""
SAID = [
    "vvcli: a path: /tmp/a b.wav, naïve…",
    "vvcli: no",
    "vvcli: 4 records, 1 failed, 15:00 audio in 6.0 s (150×), first audio 6.00 s",
]
ASCII = (
    "vvcli: a path: /tmp/a b.wav, na\\xefve...",
    "vvcli: 4 records, 1 failed, 15:00 audio in 6.0 s (150x), first audio 6.00 s",
    "",
)


def wrapped(lines: list[str], columns: int) -> list[str]:
    """`lines` as a terminal wraps them."""
    return [line[at : at + columns] for line in lines for at in range(0, len(line), columns)]


@pytest.mark.parametrize(
    ("columns", "variable"),
    [
        *((columns, None) for columns in (1, 2, 5, 6, 19, 20, 21, 60, 80, 300)),
        *((60, asked) for asked in ("", "0", "1", "30", "200", "²", "-5", "9" * 5000)),
        (0, None),
        (0, "30"),
    ],
)
def test_progress_is_within_the_terminal(columns: int, variable: str | None) -> None:
    written = warm_on_terminal(["-c", RUN, "bar"], columns, {"COLUMNS": variable})
    width = columns or 80
    assert shown(written, width) == [*wrapped(SAID, width), ""]
    asked = int(variable) if variable in ("1", "30") else width
    drawn = re.findall(r"\x1b\[2K([^\r\n]*)[\r\n]", written.decode())
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in drawn]
    lines = [line for line in lines if not line.startswith("vvcli: ")]
    assert max(map(len, lines)) <= min(width, asked)
    # A figure is shown as a whole, or not at all.
    assert any("50.0×" in line for line in lines) if min(width, asked) >= 5 else not any(lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("locale", "is_ascii"),
    [
        ({"LC_ALL": "C"}, True),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, True),
        ({"LC_ALL": "C", "PYTHONUTF8": "0"}, True),
        ({"LC_ALL": "C.UTF-8"}, False),
        ({"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}, False),
        # Python takes a locale that nobody chose for UTF-8.
        ({"LC_ALL": None, "LC_CTYPE": None, "LANG": None}, False),
    ],
)
@pytest.mark.parametrize("mode", ["bar", "plain"])
def test_a_terminal_without_unicode_gets_none(
    mode: str, locale: dict[str, str | None], is_ascii: bool
) -> None:
    environment = {"PYTHONIOENCODING": None, "PYTHONUTF8": None} | locale
    written = warm_on_terminal(["-c", RUN, mode], 120, environment)
    assert written.isascii() == is_ascii
    first, *_, last, end = shown(written, 120)
    assert (first, last, end) == (ASCII if is_ascii else (SAID[0], SAID[-1], ""))
    assert mode == "plain" or is_ascii == (b"##########" in written)


LEFT = """
import os, signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_IGN)
from vvcli.cli.environment import Environment
from vvcli.progress.bar import BarProgress
from vvcli.progress.tally import Tally
progress = BarProgress(Environment.claim().stderr, descriptor=2)
progress.note("here")
while os.isatty(2):  # until the other end is closed
    time.sleep(0.01)
progress.note("nobody reads this")
time.sleep(0.5)
progress.finish(Tally())
os.write(int(sys.argv[1]), b"done")
"""


@pytest.mark.slow
def test_a_terminal_that_is_gone_ends_nothing() -> None:
    """As when a window is closed under `nohup`."""
    main, terminal = pty.openpty()
    read, write = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-c", LEFT, str(write)],
        stderr=terminal,
        pass_fds=[write],
        env=os.environ | {"TERM": "xterm"},
    )
    os.close(terminal)
    os.close(write)
    assert os.read(main, 1)
    os.close(main)
    with os.fdopen(read, "rb") as said:
        assert said.read() == b"done"
    assert child.wait(60) == 0


@pytest.mark.slow
def test_nothing_is_drawn_over_text_that_is_typed(tmp_path: Path) -> None:
    arguments = ["-m", str(TINY), "-V", "Ada", "-i", "-", "-o", str(tmp_path / "out.wav")]
    written = on_terminal(["-m", "vvcli", "speak", *arguments], 80, {}, b"Hello.\n\x04")
    assert b"vvcli: 1 record, " in written
    assert b"\x1b" not in written
