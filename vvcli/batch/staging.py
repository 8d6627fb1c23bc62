"""One output file on its way to its name: written aside, sealed, and published."""

from __future__ import annotations

import hashlib
import os

from vvcli.audio.output import Output
from vvcli.audio.part_file import PartFile
from vvcli.batch.containment import OutputFolder
from vvcli.errors import OutputError

BLOCK = 1 << 18  # bytes read at a time


class StagedFile:
    """A file `NAME.part`, with the tag of its folder if that has one, that becomes `NAME`.

    In two steps, for what must be on the disk between them: `seal`, then `publish`. Folders are
    made as needed.

    Args:
        folder: the output folder.
        name: a path below it, from `OutputFolder.place`.

    Raises:
        UsageError: another process is writing the file.
        OutputError: from every method, when the disk refuses.
    """

    def __init__(self, folder: OutputFolder, name: str) -> None:
        self.path = folder.path / name
        self._sealed = False
        self._part = PartFile(self.path, folder.open_parent(name, make=True), folder.tag)
        self.descriptor = self._part.descriptor
        self.output = Output(self.descriptor, str(self.path))

    def seal(self) -> tuple[int, str]:
        """Everything is written: sync; returns the size and the SHA-256."""
        self._part.sync()
        self._sealed = True
        try:
            return measure_file(self._part.descriptor)
        except OSError as error:
            raise OutputError(f"cannot read {self.path}: {error.strerror}") from error

    def publish(self, *, sync_folder: bool = False) -> None:
        """Give the sealed file its name, in place of what had it; see `PartFile.publish`."""
        self._part.publish(sync_folder=sync_folder)

    def discard(self) -> None:
        """Remove what was written, although it is sealed: another file of its name is there."""
        self._part.discard()

    def abandon(self) -> None:
        """Remove what was written, unless it is sealed: then it may have its entry already."""
        if self._sealed:
            self._part.keep()
        else:
            self._part.discard()


def measure_file(descriptor: int) -> tuple[int, str]:
    """The size in bytes of an open file and the SHA-256 of its content."""
    digest, size = hashlib.sha256(), 0
    while block := os.pread(descriptor, BLOCK, size):
        digest.update(block)
        size += len(block)
    return size, digest.hexdigest()
