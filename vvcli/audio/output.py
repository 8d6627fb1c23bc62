"""Where bytes go: a descriptor that is there already, or a file that appears when it is whole."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import stat
from contextlib import suppress
from pathlib import Path
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
                select.select([], [self._descriptor], [])
            except OSError as error:
                raise self._error(error) from error

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
        """Where in the file the output begins; none in a pipe, or where writes only append."""
        try:
            if fcntl.fcntl(self._descriptor, fcntl.F_GETFL) & os.O_APPEND:
                return None
            if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                return None
            return os.lseek(self._descriptor, 0, os.SEEK_CUR)
        except OSError:
            return None

    def _widen_pipe(self) -> None:
        """Ask for a larger pipe; where it is none, or may not grow, nothing is lost."""
        with suppress(OSError, AttributeError):  # only Linux has the calls
            if fcntl.fcntl(self._descriptor, fcntl.F_GETPIPE_SZ) < PIPE_BYTES:
                fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def _error(self, error: OSError) -> OSError | OutputError:
        if error.errno == errno.EPIPE:
            return error
        return OutputError(f"cannot write to {self.name}: {error.strerror}")


class FileOutput(Output):
    """A file that has its name only once it is whole; until then it is `NAME.part`.

    What was made before an error or a signal stays in `NAME.part`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        super().__init__(os.open(self._part, flags, 0o666), str(path))

    def finish(self) -> None:
        """Sync, close and give the file its name."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            self.abandon()
            raise self._error(error) from error
        super().finish()
        try:
            self._part.replace(self._path)
        except OSError as error:
            raise self._error(error) from error

    def abandon(self) -> None:
        """Close; keep what there is, unless that is nothing."""
        with suppress(OSError):
            if os.fstat(self._descriptor).st_size == 0:
                self._part.unlink(missing_ok=True)
        super().abandon()


def open_output(path: Path) -> Output:
    """An output for a file name: devices and pipes are written to, files are replaced.

    Raises:
        OutputError: it cannot be opened for writing.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.exists() and not path.is_file():
            return Output(os.open(path, os.O_WRONLY | os.O_CLOEXEC), str(path))
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        # Through a link, the file it names is replaced, not the link.
        return FileOutput(path.resolve() if path.is_symlink() else path)
    except OSError as error:
        raise OutputError(f"cannot write to {path}: {error.strerror}") from error
