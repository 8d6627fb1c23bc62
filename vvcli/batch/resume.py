"""Finds which files of a plan are done, and which names are taken by other files."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from vvcli.batch.containment import same_name
from vvcli.batch.entry import ManifestEntry, Outcome
from vvcli.batch.manifest import Entries
from vvcli.batch.plan import Job
from vvcli.batch.staging import measure_file
from vvcli.errors import OutputError, UsageError

MAX_DAMAGED_NAMED = 3  # damaged files that are named

# What a file in the way is.
_NOT_OURS = "vvcli did not make it"
_CHANGED = "it was changed after vvcli had made it"
_OTHER = "it was made from another text, voice or options"


class Existing(Enum):
    """Policy for a file that has a job's name and is not what the job would make."""

    ERROR = "error"
    SKIP = "skip"
    UPDATE = "update"  # overwrite it if an earlier run made it, else skip
    OVERWRITE = "overwrite"


class Decision(Enum):
    """Decision about a job."""

    __hash__ = object.__hash__  # of Enum's own, written in Python, millions take a second

    MAKE = "make"
    DONE = "done"  # its file is there
    FAILED = "failed"  # it failed in an earlier run
    KEEP = "keep"  # another file of its name is there, and stays
    BLANK = "blank"  # there is nothing to say


@dataclass(slots=True)  # not frozen, as Job
class JobStep:
    """A job and what becomes of it.

    Attributes:
        entry: what the manifest said of it before, if it fits.
        in_the_way: what the file is that has its name, and is kept or replaced.
    """

    job: Job
    decision: Decision
    entry: ManifestEntry | None = None
    in_the_way: str | None = None


class Resume:
    """Decides what becomes of each job.

    Args:
        entries: of the manifest.
        folder: the output folder.
        fingerprint: of a job; asked only where the manifest or a file has its name.
        existing: what to do with files that are in the way.
        retry_failed: make again what failed or was truncated.
        verify: a file is done only if its content is what the manifest says; else it is in the
            way. `checked` and `differing` count such files.
        inputs: device and inode of files that are read; no output may be one of them.
    """

    def __init__(
        self,
        entries: Entries,
        folder: Path,
        fingerprint: Callable[[Job], str],
        existing: Existing,
        *,
        retry_failed: bool = False,
        verify: bool = False,
        inputs: frozenset[tuple[int, int]] = frozenset(),
    ) -> None:
        self._entries = entries
        self._folder = folder
        self._fingerprint = fingerprint
        self._existing = existing
        self._retry_failed = retry_failed
        self._verify = verify
        self._inputs = inputs
        self._there: dict[str, frozenset[str] | None] = {}
        self.checked = 0
        self.differing = 0
        self.damaged: list[Path] = []  # the first of those that differ

    def decide(self, jobs: Iterable[Job]) -> Iterator[JobStep]:
        """A step for each job, and after the last one an error if files are in the way.

        Raises:
            UsageError: files are in the way, and `existing` is ERROR; or a folder or an input is.
        """
        in_the_way, first, first_made, first_differs = 0, None, None, False
        for job in jobs:
            entry = known = self._fitting(job, self._entries.get(job.key))
            made = self._entries.made.get(str(job.path))
            if made is not None and self._entries[made.key].status is Outcome.SKIPPED:
                known = self._fitting(job, made)  # it was kept since, and is what it was
            decision, why = self._decide(job, known), None
            if decision is None:
                in_the_way += 1
                if first is None:
                    first, first_made, first_differs = job.path, made, known is not None
                decision, why = self._replace(job, known)
            yield JobStep(job, decision, known if decision is Decision.DONE else entry, why)
        if first is not None and self._existing is Existing.ERROR:
            more = f" (and {in_the_way - 1} more)" if in_the_way > 1 else ""
            if self.checked:
                more += f" (of {self.checked} files that were checked, {self.differing} differ)"
            path = f"{self._folder / first}{more}"
            if first_made is None or first_differs:
                raise UsageError(
                    f"{path} is there, and is not what this command makes", remedy="skip"
                )
            raise UsageError(
                f"{path} was made from another text, voice or options", remedy="update"
            )

    def _fitting(self, job: Job, entry: ManifestEntry | None) -> ManifestEntry | None:
        """`entry`, if it is one of such a job."""
        if entry is None or entry.fingerprint != self._fingerprint(job):
            return None
        return entry

    def _decide(self, job: Job, known: ManifestEntry | None) -> Decision | None:
        """The decision, or none if a file that is not the job's has its name."""
        if job.path is None:
            return Decision.BLANK
        size = self._size(job.path)
        if known and known.status is Outcome.FAILED and not self._retry_failed:
            return Decision.FAILED
        if known and known.has_file and size == known.size:
            if self._verify and not self._verified(known, job.path):
                return None
            again = self._retry_failed and known.status is Outcome.TRUNCATED
            return Decision.MAKE if again else Decision.DONE
        return Decision.MAKE if size is None else None

    def _replace(self, job: Job, known: ManifestEntry | None) -> tuple[Decision, str]:
        """Whether the file that is in the way of `job` is replaced, and what it is."""
        made = self._entries.made.get(str(job.path))
        why = _NOT_OURS if made is None else _OTHER if known is None else _CHANGED
        if self._existing is Existing.SKIP:
            return Decision.KEEP, why
        if self._existing is Existing.UPDATE:
            if made is None:
                return Decision.KEEP, _NOT_OURS
            if not self._matches(made, str(job.path)):
                return Decision.KEEP, _CHANGED
        return Decision.MAKE, why

    def _size(self, name: str) -> int | None:
        """The size of the file `name`, -1 of what is no regular file, none if nothing is there."""
        parent, _, last = name.rpartition("/")
        if parent not in self._there:
            self._there[parent] = _names_in(self._folder / parent)
        there = self._there[parent]
        if there is not None and same_name(last) not in there:
            return None  # without asking for each of a million names
        path = self._folder / name
        try:
            status = path.lstat()
        except OSError:
            return None
        if stat.S_ISDIR(status.st_mode):
            raise UsageError(f"{path} is a folder: an output file would have that name")
        if (status.st_dev, status.st_ino) in self._inputs:
            raise UsageError(f"{path} is an input: an output file would replace it")
        return status.st_size if stat.S_ISREG(status.st_mode) else -1

    def _verified(self, entry: ManifestEntry, name: str) -> bool:
        self.checked += 1
        same = self._matches(entry, name)
        self.differing += not same
        if not same and len(self.damaged) < MAX_DAMAGED_NAMED:
            self.damaged.append(self._folder / name)
        return same

    def _matches(self, entry: ManifestEntry, name: str) -> bool:
        """Whether the file is, byte by byte, the one that `entry` stands for."""
        path = self._folder / name
        try:
            descriptor = os.open(
                path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            )
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode) or status.st_size != entry.size:
                    return False
                return measure_file(descriptor) == (entry.size, entry.sha256)
            finally:
                os.close(descriptor)
        except OSError as error:
            if path.is_symlink():
                return False
            raise OutputError(f"cannot read {path}: {error.strerror}") from error


def _names_in(folder: Path) -> frozenset[str] | None:
    """The names in a folder, as keys; none of them if it is not there, None if it tells nobody."""
    try:
        with os.scandir(folder) as found:
            return frozenset(same_name(entry.name) for entry in found)
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except OSError:
        return None
