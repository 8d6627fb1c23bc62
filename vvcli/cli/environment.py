"""The three standard descriptors, and the protection of the one that carries audio."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from traceback import TracebackException
from typing import TextIO

from vvcli.errors import OutputError, UsageError
from vvcli.progress.encoding import write_what_fits
from vvcli.progress.visible import visible

STDIN, STDOUT, STDERR = 0, 1, 2


@dataclass
class Environment:
    """Standard descriptors of a command; tests pass their own."""

    stderr: TextIO
    stdin: int = STDIN
    stdout: int = STDOUT
    closed: frozenset[int] = frozenset()  # descriptors that came closed
    # What stands before the command:
    quiet: bool = False
    verbose: bool = False  # show tracebacks
    progress: str | None = None  # one of `progress.report.MODES`

    @classmethod
    def claim(cls) -> Environment:
        """The process's own descriptors, claimed before anything else is opened.

        A closed one is opened on /dev/null: otherwise the next file, a model perhaps, would get
        its number, and what a library prints would land there. Standard output cannot be written
        to even then: what a command prints is lost, and that is an error.
        """
        closed = frozenset(fd for fd in (STDIN, STDOUT, STDERR) if not _is_open(fd))
        for fd in sorted(closed):
            null = os.open(os.devnull, os.O_RDONLY if fd == STDOUT else os.O_RDWR)
            if null != fd:
                os.dup2(null, fd)
                os.close(null)
        if sys.stdout is None:
            sys.stdout = os.fdopen(STDOUT, "w", closefd=False)
        if sys.stderr is None:
            sys.stderr = os.fdopen(os.dup(STDERR), "w")
        write_what_fits(sys.stderr)
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A name that the terminal's encoding lacks is written out, as on standard error.
            sys.stdout.reconfigure(errors="backslashreplace")
        return cls(sys.stderr, closed=closed)

    def say(self, text: str) -> None:
        """One line on standard error, if it can be written."""
        with suppress(OSError):  # a full or broken standard error is no reason to lose audio
            self.stderr.write(f"vvcli: {visible(text)}\n")
            self.stderr.flush()

    def say_where(self, error: BaseException) -> None:
        """The traceback of `error` on standard error; what it says is one line of it."""
        with suppress(OSError):
            for part in TracebackException.from_exception(error).format():
                # Frames are several lines of our own program; the rest quotes anything.
                lines = part.splitlines() if part.startswith("  File ") else [part.strip("\n")]
                self.stderr.writelines(f"{visible(line)}\n" for line in lines)
            self.stderr.flush()

    def take_stdout(self) -> int:
        """A descriptor for audio; from now on fd 1 is standard error.

        Whatever a library prints, it cannot get between the samples.

        Raises:
            UsageError: standard output is a terminal.
            OutputError: it is closed.
        """
        if self.stdout in self.closed:
            raise OutputError("cannot write the audio: standard output is closed")
        if os.isatty(self.stdout):
            raise UsageError(
                "will not write audio to a terminal: add `> out.pcm`, `| aplay -f S16_LE -r 24000` "
                "or `-o out.wav`"
            )
        audio = os.dup(self.stdout)
        if self.stdout == STDOUT:
            os.dup2(STDERR, STDOUT)
        return audio


def _is_open(fd: int) -> bool:
    # Python leaves out the stream of a descriptor that was closed at start; its number may have
    # been taken since.
    if (sys.stdin, sys.stdout, sys.stderr)[fd] is None:
        return False
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
