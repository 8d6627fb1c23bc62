from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys

import pytest

from vvcli.progress.bar import BarProgress
from vvcli.progress.json_lines import JsonProgress
from vvcli.progress.plain_lines import PlainProgress
from vvcli.progress.report import open_progress
from vvcli.progress.tally import Tally
from vvcli.speech.values import Status

from .clock import Clock, chunk


@pytest.mark.parametrize("mode", ["auto", "bar", "plain", "none"])
def test_a_file_gets_plain_lines_even_where_colour_is_forced(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    read, write = os.pipe()
    stream = io.StringIO()
    progress = open_progress(mode, stream, write)
    assert type(progress) is PlainProgress
    progress.note("hello")
    assert stream.getvalue() == ("" if mode == "none" else "vvcli: hello\n")
    os.close(read)
    os.close(write)


@pytest.mark.parametrize(
    ("mode", "term", "ci", "kind"),
    [
        ("auto", "xterm", "", BarProgress),
        ("auto", "dumb", "", PlainProgress),
        ("auto", "", "", PlainProgress),
        ("bar", "dumb", "", PlainProgress),
        ("auto", "xterm", "true", PlainProgress),
        ("bar", "xterm", "true", BarProgress),
        ("plain", "xterm", "", PlainProgress),
    ],
)
def test_a_terminal_gets_a_bar_if_it_can_draw_one_and_is_looked_at(
    mode: str, term: str, ci: str, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("CI", ci)
    main, terminal = pty.openpty()
    try:
        progress = open_progress(mode, io.StringIO(), terminal)
        progress.close()
    finally:
        os.close(main)
        os.close(terminal)
    assert type(progress) is kind


BACKGROUND = """
import io, os, pty, signal, sys
from vvcli.progress.report import open_progress

# A job in the background is a process group that its terminal does not read from.
pid, terminal = pty.fork()
if pid == 0:
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    if os.fork() == 0:
        os.setpgid(0, 0)
        progress = open_progress("auto", io.StringIO(), 0)
        print(type(progress).__name__, flush=True)
        progress.close()
        os._exit(0)
    os.wait()
    os._exit(0)
said = b""
try:
    while more := os.read(terminal, 1024):
        said += more
except OSError:
    pass
os.wait()
print(said.decode().strip())
"""


def test_a_job_in_the_background_draws_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BACKGROUND],
        env={"PATH": os.environ["PATH"], "TERM": "xterm"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == b"PlainProgress\n"


def test_json_lines_say_what_happened() -> None:
    clock, stream = Clock(), io.StringIO()
    tally = Tally(clock)
    progress = open_progress("json", stream, 2)
    assert type(progress) is JsonProgress
    progress.note("hello")
    clock.now += 5
    for part in (chunk(24_000), chunk(12_000, Status.OK), chunk(0, Status.FAILED, "no voice")):
        tally.add(part)
        progress.chunk(part, tally)
    progress.finish(tally)
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["event"] for event in events] == [
        "note", "progress", "record", "record", "summary",
    ]  # fmt: skip
    ok, failed = (event for event in events if event["event"] == "record")
    assert (ok["status"], ok["duration"], ok["source"]) == ("ok", 1.5, "book.txt:5")
    assert (failed["status"], failed["duration"], failed["error"]) == ("failed", 0, "no voice")
    assert events[-1]["audio"] == 1.5
    assert events[-1]["speed"] == 0.3
