"""Finishes what a crash cut off between a file's entry in the manifest and its name."""

from __future__ import annotations

import os
from collections.abc import Container
from contextlib import suppress

from vvcli.audio.part_file import PartFile
from vvcli.audio.part_name import part_name, split_part_name
from vvcli.batch.containment import OutputFolder
from vvcli.batch.entry import ManifestEntry
from vvcli.batch.manifest import Entries
from vvcli.batch.staging import measure_file
from vvcli.errors import OutputError, UsageError


class Leftovers:
    """The `.part` files below a folder, as they were when each folder was first looked at.

    Args:
        folder: the output folder.
        inputs: names below it of files that are left alone.
    """

    def __init__(self, folder: OutputFolder, inputs: Container[str] = ()) -> None:
        self._folder = folder
        self._inputs = inputs
        self._tags: dict[str, dict[str, list[str]] | None] = {}  # by name, by parent

    def recover(self, entries: Entries) -> None:
        """Finish what a crash cut off.

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
                name = self._folder.place(entry.audio_filepath)
            except UsageError:  # no run of ours wrote this
                continue
            for tag in self._tags_of(name):
                with suppress(FileNotFoundError):
                    finish_part(entry, self._folder, name, tag)

    def remove(self, name: str) -> None:
        """Remove what writers with other tags left of a file that is made now.

        Raises:
            OutputError: the disk refuses.
        """
        for tag in self._tags_of(name):
            if tag != self._folder.tag:
                with suppress(FileNotFoundError):
                    part = _adopt(self._folder, name, tag)
                    if part is not None:
                        part.discard()

    def _tags_of(self, name: str) -> list[str]:
        parent, _, last = name.rpartition("/")
        if parent not in self._tags:
            self._tags[parent] = self._list(parent)
        there = self._tags[parent]
        if there is not None:
            tags = there.get(last, [])
        else:  # the folder cannot be listed
            tags = [
                tag
                for tag in {"", self._folder.tag}
                if os.path.lexists(self._folder.path / part_name(name, tag))
            ]
        return [tag for tag in tags if part_name(name, tag) not in self._inputs]

    def _list(self, parent: str) -> dict[str, list[str]] | None:
        tags: dict[str, list[str]] = {}
        try:
            with os.scandir(self._folder.path / parent) as found:
                for each in found:
                    if (parts := split_part_name(each.name)) is not None:
                        tags.setdefault(parts[0], []).append(parts[1])
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError:
            return None
        return tags


def discard_part(folder: OutputFolder, name: str) -> None:
    """Remove the `.part` of `name` that a process which is gone has begun, if there is one.

    Raises:
        FileNotFoundError: there is no such folder.
        UsageError: another process is writing the file.
        OutputError: the disk refuses.
    """
    part = _adopt(folder, name, folder.tag)
    if part is not None:
        part.discard()


def recover(entries: Entries, folder: OutputFolder, inputs: Container[str] = ()) -> None:
    """Finish what a crash cut off, once; see `Leftovers.recover`."""
    Leftovers(folder, inputs).recover(entries)


def finish_part(
    entry: ManifestEntry,
    folder: OutputFolder,
    name: str,
    tag: str | None = None,
    *,
    mine: bool = False,
) -> None:
    """Give `name` to the `.part` that `entry` stands for, or remove the `.part`, if there is one.

    Args:
        entry: of the file.
        folder: the output folder.
        name: a path below it, from `OutputFolder.place`.
        tag: of the `.part` file, if not the folder's own.
        mine: its writer is known to be gone, whatever locks say.

    Raises:
        FileNotFoundError: there is no such folder.
        UsageError: another process is writing the file.
        OutputError: the disk refuses.
    """
    path = folder.path / name
    part = _adopt(folder, name, folder.tag if tag is None else tag, mine=mine)
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


def _adopt(folder: OutputFolder, name: str, tag: str, *, mine: bool = False) -> PartFile | None:
    """The `.part` of a file, if there is one; of a writer with another tag only if that is gone."""
    is_own = tag == folder.tag
    try:
        return PartFile.adopt(
            folder.path / name, folder.open_parent(name), tag, mine=mine or (is_own and tag != "")
        )
    except UsageError:
        if is_own:
            raise
        return None
