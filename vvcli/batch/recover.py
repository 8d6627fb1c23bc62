"""Finishes what a crash cut off between a file's entry in the manifest and its name."""

from __future__ import annotations

import os
from collections.abc import Container
from contextlib import suppress

from vvcli.audio.part_file import PART, PartFile
from vvcli.batch.containment import OutputFolder
from vvcli.batch.entry import ManifestEntry
from vvcli.batch.manifest import Entries
from vvcli.batch.staging import measure_file
from vvcli.errors import OutputError, UsageError


def recover(entries: Entries, folder: OutputFolder, inputs: Container[str] = ()) -> None:
    """Finish what a crash cut off; files below the folder that are `inputs` are left alone.

    A `.part` that is whole, by its hash, gets its name; one that is not is removed. Afterwards
    an entry with a file and the file with its name belong together.

    Raises:
        UsageError: another process is writing one of the files.
        OutputError: the disk refuses.
    """
    for entry in entries.values():
        if entry.audio_filepath is None:
            continue
        try:
            name = folder.place(entry.audio_filepath)
        except UsageError:  # no run of ours wrote this
            continue
        if name + PART in inputs or not os.path.lexists(folder.path / (name + PART)):
            continue
        with suppress(FileNotFoundError):
            finish_part(entry, folder, name)


def discard_part(folder: OutputFolder, name: str) -> None:
    """Remove the `.part` of `name` that a process which is gone has begun, if there is one.

    Raises:
        FileNotFoundError: there is no such folder.
        UsageError: another process is writing the file.
        OutputError: the disk refuses.
    """
    part = PartFile.adopt(folder.path / name, folder.open_parent(name))
    if part is not None:
        part.discard()


def finish_part(entry: ManifestEntry, folder: OutputFolder, name: str) -> None:
    """Give `name` to the `.part` that `entry` stands for, or remove the `.part`, if there is one.

    Raises:
        FileNotFoundError: there is no such folder.
        UsageError: another process is writing the file.
        OutputError: the disk refuses.
    """
    path = folder.path / name
    part = PartFile.adopt(path, folder.open_parent(name))
    if part is None:
        return
    try:
        whole = entry.has_file and measure_file(part.descriptor) == (entry.size, entry.sha256)
        if whole:
            part.publish()
        else:
            part.discard()
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror}") from error
    finally:
        part.keep()
