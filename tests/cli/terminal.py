"""A pseudo-terminal with a process on it, and what such a terminal would show."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress

from tests import warm

_SEQUENCE = re.compile(r"\x1b\[\??([0-9;]*)([A-Za-z])")


def on_terminal(
    arguments: Sequence[str],
    columns: int,
    environment: Mapping[str, str | None],
    typed: bytes = b"",
) -> bytes:
    """What `python ARGUMENTS` writes to a terminal; it has to end with status 0.

    A variable of `environment` that is None is not set. What is `typed` is echoed.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        with suppress(BaseException):
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
            signal.signal(signal.SIGINT, signal.default_int_handler)
            command = [sys.executable, *arguments]
            os.execve(sys.executable, command, _environment(environment))  # noqa: S606
        os._exit(1)
    os.write(terminal, typed)
    written = _everything(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status == 0, written
    return written


def warm_on_terminal(
    arguments: Sequence[str], columns: int, environment: Mapping[str, str | None]
) -> bytes:
    """As `on_terminal`, of a process that begins warm: the terminal does not control it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    with warm.Popen(
        [sys.executable, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=_environment(environment),
    ) as process:
        os.close(theirs)
        written = _everything(ours)
    assert process.returncode == 0, written
    return written


def _environment(changed: Mapping[str, str | None]) -> dict[str, str]:
    every = os.environ | {"TERM": "xterm", "CI": ""} | dict(changed)
    return {name: value for name, value in every.items() if value is not None}


def _everything(terminal: int) -> bytes:
    written = b""
    with suppress(OSError):  # how Linux says that nobody has the other end any more
        while more := os.read(terminal, 1 << 16):
            written += more
    os.close(terminal)
    return written


def shown(written: bytes, columns: int) -> list[str]:
    """The lines that a terminal shows after `written`, those that it has wrapped included."""
    text = written.decode()
    lines, row, column, place = [""], 0, 0, 0
    while place < len(text):
        sequence = _SEQUENCE.match(text, place)
        if sequence:
            place = sequence.end()
            if sequence[2] == "A":
                row = max(0, row - int(sequence[1] or 1))
            elif sequence[2] == "K":
                assert sequence[1] == "2"
                lines[row] = ""
            else:
                assert sequence[2] in "mhl", sequence[0]
            continue
        character, place = text[place], place + 1
        if character == "\r":
            column = 0
            continue
        if character == "\n" or column == columns:
            row += 1
            column = column if character == "\n" else 0
            lines += [""] * (row == len(lines))
        if character != "\n":
            lines[row] = lines[row][:column].ljust(column) + character + lines[row][column + 1 :]
            column += 1
    return lines
