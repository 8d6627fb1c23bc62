"""One output file on its way to its name: written aside, sealed, and published."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from vvcli.audio.output import Output
from vvcli.batch.containment import PART
from vvcli.batch.fingerprint import hash_stream
from vvcli.errors import OutputError


class StagedFile:
    """A file `NAME.part` that becomes `NAME`.

    In two steps, for what must be on the disk between them: `seal`, then `publish`. Folders are
    made as needed.

    Raises:
        OutputError: from every method, when the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(path.name + PART)
        self._sealed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._part.unlink(missing_ok=True)  # a crash left it, or a link leads elsewhere
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._descriptor = os.open(self._part, flags, 0o666)
        except OSError as error:
            raise self._error(error) from error
        self.output = Output(self._descriptor, str(path))

    def seal(self) -> tuple[int, str]:
        """Everything is written: sync and close; returns the size and the SHA-256."""
        try:
            os.fsync(self._descriptor)
            self._sealed = True
            self.output.finish()
            with self._part.open("rb") as file:
                return os.fstat(file.fileno()).st_size, hash_stream(file)
        except OSError as error:
            raise self._error(error) from error

    def publish(self) -> None:
        """Give the sealed file its name, in place of what had it."""
        try:
            self._part.replace(self.path)
        except OSError as error:
            raise self._error(error) from error

    def abandon(self) -> None:
        """Remove what was written, unless it is sealed: then it may have its entry already."""
        if not self.output.closed:
            self.output.abandon()
        if not self._sealed:
            with suppress(OSError):
                self._part.unlink(missing_ok=True)

    def _error(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write to {self.path}: {error.strerror}")
