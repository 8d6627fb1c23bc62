"""Destinations of bytes: an open descriptor, or a file that appears when it is whole."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from vvcli.audio.descriptors import descriptor_of, dup_inherited, refusal
from vvcli.audio.part_file import PartFile
from vvcli.errors import OutputError, UsageError

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


class FileOutput(Output):
    """A file that has its name only once it is whole; until then it is `NAME.part`.

    What was made before an error or a signal stays in `NAME.part`.

    Raises:
        UsageError: another process is writing the file.
    """

    def __init__(self, path: Path) -> None:
        self._part = PartFile(path)
        super().__init__(self._part.descriptor, str(path))

    def finish(self) -> None:
        """Sync the file and give it its name."""
        try:
            self._part.sync()
        except OutputError:
            self.abandon()
            raise
        self.closed = True
        self._part.publish(sync_folder=True)

    def abandon(self) -> None:
        """Close; keep what there is, unless that is nothing."""
        self.closed = True
        empty = False
        with suppress(OSError):
            empty = os.fstat(self._descriptor).st_size == 0
        if empty:
            self._part.discard()
        else:
            self._part.keep()

    def discard(self) -> None:
        """Close and remove what was written."""
        self.closed = True
        self._part.discard()


def open_output(path: Path) -> Output:
    """An output for a file name: devices and pipes are written to, files are replaced.

    No link is followed, but to a device or a pipe. `/dev/fd/3` and its other names are the
    descriptor itself, wherever it leads.

    Raises:
        UsageError: it is a link to a file, or another process is writing it.
        OutputError: it cannot be opened for writing.
    """
    is_file = check_output(path)
    try:
        if (number := descriptor_of(path)) is not None:
            return Output(dup_inherited(number), str(path))
        if is_file:
            return FileOutput(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):  # put there since we looked
            os.close(descriptor)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        return Output(descriptor, str(path))
    except OSError as error:
        raise _cannot_write(path, error) from error


def check_output(path: Path) -> bool:
    """Check whether `open_output` could open `path`, and leave everything as it is.

    Returns:
        Whether it is, or will be, a regular file.

    Raises:
        UsageError, OutputError: as `open_output`.
    """
    try:
        if (number := descriptor_of(path)) is not None:
            os.close(dup_inherited(number))
            return False
        mode = _mode(path)
        if mode is not None and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return False
        if path.is_symlink():
            raise UsageError(f"{path} is a link, which is not written through: name the file")
        if mode is not None and stat.S_ISDIR(mode):
            raise OutputError(f"cannot write to {path}: it is a folder: name a file in it")
        if mode is None and not path.parent.is_dir():
            raise OutputError(f"cannot write to {path}: make the folder {path.parent} first")
        place = path.parent if mode is None else path
        if not os.access(place, os.W_OK):
            raise refusal(place)
    except OSError as error:
        raise _cannot_write(path, error) from error
    return True


def write_file(path: Path, data: bytes) -> None:
    """Write `data` to `path` as `open_output` does; a file of that name is always whole.

    Raises:
        UsageError, OutputError: as `open_output` and `Output`.
    """
    output = open_output(path)
    try:
        output.write(data)
        output.finish()
    except BaseException:
        output.discard()
        raise


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write to {path}: {error.strerror}")


def _mode(path: Path) -> int | None:
    """The kind and rights of what `path` leads to; none if that is nothing."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None
