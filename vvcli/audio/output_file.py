"""Where bytes go, by a name: a file, which appears when it is whole; a device, or a pipe."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from vvcli.audio.descriptors import descriptor_of, dup_inherited, refusal
from vvcli.audio.output import Output
from vvcli.audio.part_file import PartFile
from vvcli.errors import OutputError, UsageError


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
