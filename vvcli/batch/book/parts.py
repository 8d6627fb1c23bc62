"""The parts of a book: the audio of each record, as 16-bit PCM in a file of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from vvcli.audio.part_name import PART
from vvcli.batch.containment import OutputFolder
from vvcli.batch.entry import ManifestEntry, Outcome
from vvcli.batch.manifest import FILE_NAME, Entries
from vvcli.errors import OutputError, UsageError
from vvcli.samples import FULL_SCALE, Samples

BLOCK = 1 << 17  # bytes read at a time

_OURS = re.compile(rf"[0-9]{{7,}}\.pcm(?:{re.escape(PART)})?|{re.escape(FILE_NAME)}")


class Parts:
    """The parts as they are there, by the index of their records.

    Args:
        folder: where they are.
        entries: of its manifest.
    """

    def __init__(self, folder: OutputFolder, entries: Entries) -> None:
        self._folder = folder
        self._entries = {entry.index: entry for entry in entries.values()}

    def entry(self, index: int) -> ManifestEntry | None:
        """What became of a record; None if it had nothing to say."""
        found = self._entries.get(index)
        return None if found is None or found.status is Outcome.SKIPPED else found

    def samples(self, entry: ManifestEntry) -> Iterator[Samples]:
        """The audio of a part, block by block: float32 of full scale 1, at 24 kHz.

        Raises:
            OutputError: it is not as it was made.
        """
        import numpy as np

        path = self._folder.path / str(entry.audio_filepath)
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        left = entry.size
        try:
            descriptor = os.open(path, flags)
            try:
                while data := os.read(descriptor, BLOCK):
                    while len(data) % 2 and (more := os.read(descriptor, 1)):
                        data += more
                    left -= len(data)
                    if left < 0 or len(data) % 2:
                        break
                    yield np.frombuffer(data, "<i2").astype(np.float32) / np.float32(FULL_SCALE)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise OutputError(f"cannot read {path}: {error.strerror}") from error
        if left:
            raise OutputError(f"cannot read {path}: it was changed since it was made")


def check_folder(path: Path) -> None:
    """Check that the folder of the parts is one, or is not there.

    Raises:
        UsageError: it is a link or no folder.
    """
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise UsageError(f"{path} is not a folder, and the parts of the book go below it")


def remove(path: Path) -> None:
    """Remove the folder of the parts, as far as what it holds is ours; it is no link."""
    with suppress(OSError):
        if path.is_symlink():
            return
        with os.scandir(path) as found:
            names = [each.name for each in found if _OURS.fullmatch(each.name)]
        for name in sorted(names):  # the manifest last: without it, the parts are worth nothing
            (path / name).unlink()
        path.rmdir()
