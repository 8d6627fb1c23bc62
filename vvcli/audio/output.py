"""Where bytes go: an open descriptor."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import stat
from contextlib import suppress
from types import TracebackType

from vvcli.errors import OutputError

# Of a pipe, so that a reader waits less often. Unless it is asked for, Linux gives 64 KiB.
PIPE_BYTES = 1 << 20


class Output:
    """Unbuffered bytes to one descriptor, which it owns.

    Raises:
        OutputError: from every method, when the bytes cannot be written.
        BrokenPipeError: the reader has left.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        self.name = name
        self.closed = False
        self._descriptor = descriptor
        self._start = self._seekable_start()
        self._widen_pipe()

    def write(self, data: bytes) -> None:
        """Write all of `data` now."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:
                # Another process that shares the pipe may have made it non-blocking.
                self._wait()
            except OSError as error:
                raise self._error(error) from error

    @property
    def is_terminal(self) -> bool:
        """Whether a person would see the bytes."""
        return os.isatty(self._descriptor)

    @property
    def seekable(self) -> bool:
        """Whether `rewrite` does anything."""
        return self._start is not None

    def rewrite(self, position: int, data: bytes) -> None:
        """Put `data` over what was written at `position`, where the descriptor can seek."""
        if self._start is None:
            return
        try:
            os.pwrite(self._descriptor, data, self._start + position)
        except OSError as error:
            raise self._error(error) from error

    def finish(self) -> None:
        """Close after everything was written."""
        self.closed = True
        try:
            os.close(self._descriptor)
        except OSError as error:
            raise self._error(error) from error

    def abandon(self) -> None:
        """Close after something went wrong, which no second error may hide."""
        self.closed = True
        with suppress(OSError):
            os.close(self._descriptor)

    def discard(self) -> None:
        """As `abandon`; of what is not a stream, nothing stays."""
        self.abandon()

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.closed:
            return
        if kind is None:
            self.finish()
        else:
            self.abandon()

    def _seekable_start(self) -> int | None:
        """Offset of the output in the file; None in a pipe, or where writes only append."""
        try:
            if fcntl.fcntl(self._descriptor, fcntl.F_GETFL) & os.O_APPEND:
                return None
            if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                return None
            return os.lseek(self._descriptor, 0, os.SEEK_CUR)
        except OSError:
            return None

    def _wait(self) -> None:
        """Wait until something can be written."""
        poll = select.poll()  # `select.select` fails from descriptor 1024 on
        poll.register(self._descriptor, select.POLLOUT)
        poll.poll()

    def _widen_pipe(self) -> None:
        """Ask for a larger pipe; where it is none, or may not grow, nothing is lost."""
        with suppress(OSError, AttributeError):  # only Linux has the calls
            if fcntl.fcntl(self._descriptor, fcntl.F_GETPIPE_SZ) < PIPE_BYTES:
                fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def _error(self, error: OSError) -> OSError | OutputError:
        if error.errno == errno.EPIPE:
            return error
        return OutputError(f"cannot write to {self.name}: {error.strerror}")
