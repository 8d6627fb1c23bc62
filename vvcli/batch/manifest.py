"""`manifest.jsonl`: a line for every file that was made or failed, and what resuming goes by.

A shard has a manifest of its own, and every run reads all of them. Lines are only ever appended;
the last one of a file counts, and among several manifests the one of the highest revision. A line
that was cut short, by a crash or a power cut, can only be the last, and is cut off by the next run
that writes to the manifest. A file of that name that holds anything else belongs to another
program, and is neither used nor changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from vvcli.batch.entry import ManifestEntry
from vvcli.batch.manifest_file import open_manifest, read_manifest
from vvcli.batch.manifest_lock import LockFile, check_unlocked, lock_manifest
from vvcli.batch.shards import Shard, shards_in
from vvcli.errors import OutputError

FILE_NAME = "manifest.jsonl"


class Entries(dict[str | int, ManifestEntry]):
    """The last entry of each file of a shard, or of all files, by `ManifestEntry.key`.

    `made` holds the last one that stands for a file. It is not the last of all where the file was
    to be made again, and that failed, or it was kept.
    """

    def __init__(self, shard: Shard | None = None) -> None:
        super().__init__()
        self._shard = shard
        self.made: dict[str, ManifestEntry] = {}

    def add(self, entry: ManifestEntry) -> None:
        """Take in the next line of a manifest."""
        if self._shard is not None and not self._shard.holds(entry.key):
            return
        self[entry.key] = entry
        if entry.has_file and entry.audio_filepath is not None:
            self.made[entry.audio_filepath] = entry

    def merge(self, other: Entries) -> None:
        """Take in what another manifest says; the higher revision of a file counts."""
        for key, entry in other.items():
            if key not in self or self[key].revision <= entry.revision:
                self[key] = entry
        for name, entry in other.made.items():
            if name not in self.made or self.made[name].revision <= entry.revision:
                self.made[name] = entry


def name_of(shard: Shard | None) -> str:
    """The name of the manifest of a shard, or of a whole batch."""
    return FILE_NAME if shard is None else shard.manifest


def read_entries(folder: Path, shard: Shard | None = None) -> Entries:
    """The last entry of each file of `shard`, or of all, in all manifests of `folder`.

    Raises:
        UsageError: one is not a manifest of ours.
        OutputError: one cannot be read.
    """
    return _read_all(folder, shard, (None, *_shards_in(folder)))


def _shards_in(folder: Path) -> list[Shard]:
    try:
        return shards_in(folder)
    except OSError as error:
        raise OutputError(f"cannot read {folder}: {error.strerror}") from error


def _read_all(folder: Path, shard: Shard | None, manifests: Iterable[Shard | None]) -> Entries:
    """What the manifests of these shards say, whose last lines may be on their way."""
    entries = Entries(shard)
    for each in manifests:
        path, one = folder / name_of(each), Entries(shard)
        try:
            with os.fdopen(open_manifest(path, os.O_RDONLY), "rb") as file:
                read_manifest(file, path, one.add)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise OutputError(f"cannot read {path}: {error.strerror}") from error
        entries.merge(one)
    return entries


class Manifest:
    """The manifest of an output folder, or of a shard, locked and open for appending.

    `entries` holds the last one of each file, by all manifests of the folder, as they were when
    this one was opened. The others are read, and never repaired.

    Raises:
        UsageError: another run has it, or it is not a manifest of ours.
        OutputError: from every method, when it cannot be written.
    """

    def __init__(self, folder: Path, shard: Shard | None = None) -> None:
        self.path = folder / name_of(shard)
        self._shard = shard
        self._lock_file: LockFile | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._descriptor = open_manifest(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        except OSError as error:
            raise self._error(error) from error
        try:
            self._lock()
            own = self._repair()
            self.entries = self._read_others()
            self._revisions = {key: entry.revision + 1 for key, entry in self.entries.items()}
            self.entries.merge(own)
        except BaseException:
            self.close()
            raise

    def append(self, entry: ManifestEntry, *, sync: bool = True) -> None:
        """Add `entry`; with `sync` it is on the disk when this returns.

        A file gets its name only after its entry is safe. So whatever has a name has an entry,
        and what a crash left between the two is found again by its hash.
        """
        self._check_there()
        if revision := self._revisions.get(entry.key):
            entry = replace(entry, revision=revision)
        line = entry.encode()
        try:
            written = os.write(self._descriptor, line)
            if written < len(line):  # the disk is full: the rest raises
                os.write(self._descriptor, line[written:])
            if sync:
                os.fdatasync(self._descriptor)
        except OSError as error:
            raise self._error(error) from error

    def close(self) -> None:
        """Let the next run have it."""
        with suppress(OSError):
            os.close(self._descriptor)
        if self._lock_file is not None:
            self._lock_file.release()

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _lock(self) -> None:
        """Lock it, and check that no other run makes the same files."""
        folder = self.path.parent
        try:
            # Without locks, nothing guards against two runs of a whole batch.
            if not lock_manifest(self._descriptor, self.path) and self._shard is not None:
                self._lock_file = LockFile(self.path)
            for shard in (None, *_shards_in(folder)):
                if not _side_by_side(self._shard, shard):
                    check_unlocked(folder / name_of(shard))
        except OSError as error:
            raise self._error(error) from error

    def _read_others(self) -> Entries:
        folder = self.path.parent
        others = [each for each in (None, *_shards_in(folder)) if each != self._shard]
        return _read_all(folder, self._shard, others)

    def _repair(self) -> Entries:
        """Read all entries; end the last line if only its line break is missing, else cut it."""
        try:
            entries = Entries(self._shard)
            with os.fdopen(os.dup(self._descriptor), "rb") as file:
                extent = read_manifest(file, self.path, entries.add)
            if extent.end < extent.size:
                os.ftruncate(self._descriptor, extent.end)
            if extent.lacks_break:
                os.write(self._descriptor, b"\n")
        except OSError as error:
            raise self._error(error) from error
        return entries

    def _check_there(self) -> None:
        """Check that entries land in what the next run reads, and not in a file that has no name.

        The folder may have been removed or moved away, or put back from a copy.
        """
        with suppress(OSError):
            there = self.path.lstat()
            if os.path.samestat(there, os.fstat(self._descriptor)):
                return
        raise OutputError(
            f"cannot write to {self.path}: another program has removed or replaced it"
        )

    def _error(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write to {self.path}: {error.strerror}")


def _side_by_side(one: Shard | None, other: Shard | None) -> bool:
    """Whether two runs never make the same file, or are one run."""
    return one == other or (one is not None and other is not None and one.count == other.count)
