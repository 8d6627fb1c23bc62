"""What of a plan is done already, and what stands in its way."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from vvcli.audio.part_file import PartFile
from vvcli.batch.containment import OutputFolder
from vvcli.batch.entry import Entry, Outcome
from vvcli.batch.manifest import Entries
from vvcli.batch.plan import Job
from vvcli.batch.staging import measure_file
from vvcli.errors import OutputError, UsageError


class Existing(Enum):
    """What to do with a file that has a job's name and is not what the job would make."""

    ERROR = "error"
    SKIP = "skip"
    OVERWRITE = "overwrite"


class Decision(Enum):
    """What becomes of a job."""

    MAKE = "make"
    DONE = "done"  # its file is there
    FAILED = "failed"  # it failed in an earlier run
    KEEP = "keep"  # another file of its name is there, and stays
    BLANK = "blank"  # there is nothing to say


@dataclass(frozen=True)
class Step:
    """A job and what becomes of it; `entry` is what the manifest said of it before, if it fits."""

    job: Job
    fingerprint: str
    decision: Decision
    entry: Entry | None = None


def decide(
    jobs: Iterable[tuple[Job, str]],
    entries: Entries,
    folder: Path,
    existing: Existing,
    *,
    retry_failed: bool = False,
) -> list[Step]:
    """A step for each job and its fingerprint.

    Raises:
        UsageError: files are in the way, and `existing` is ERROR; or a folder is.
    """
    steps, in_the_way = [], []
    for job, fingerprint in jobs:
        entry = entries.get(job.index if job.path is None else str(job.path))
        known = entry if entry and entry.fingerprint == fingerprint else None
        decision = _decide(job, known, folder, retry_failed)
        if decision is None:
            in_the_way.append(job)
            decision = Decision.KEEP if existing is Existing.SKIP else Decision.MAKE
        steps.append(Step(job, fingerprint, decision, known))
    if in_the_way and existing is Existing.ERROR:
        more = f" (and {len(in_the_way) - 1} more)" if len(in_the_way) > 1 else ""
        raise UsageError(
            f"{folder / str(in_the_way[0].path)}{more} is there, and is not what this command "
            "makes: give --existing overwrite or skip, or another -d"
        )
    return steps


def recover(entries: Entries, folder: OutputFolder) -> None:
    """Finish what a crash cut off between a file's entry and its name.

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
            name = str(folder.place(entry.audio_filepath))
        except UsageError:  # no run of ours wrote this
            continue
        with suppress(FileNotFoundError):
            _recover(entry, folder, name)


def _recover(entry: Entry, folder: OutputFolder, name: str) -> None:
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


def _decide(job: Job, known: Entry | None, folder: Path, retry_failed: bool) -> Decision | None:
    """The decision, or none if a file that is not the job's has its name."""
    if job.path is None:
        return Decision.BLANK
    path = folder / job.path
    size = _size(path)
    if known and known.status is Outcome.FAILED and not retry_failed:
        return Decision.FAILED
    if known and known.has_file and size == known.size:
        again = retry_failed and known.status is Outcome.TRUNCATED
        return Decision.MAKE if again else Decision.DONE
    return Decision.MAKE if size is None else None


def _size(path: Path) -> int | None:
    """The size of the file `path`, -1 of what is no regular file, none if nothing is there."""
    try:
        status = path.lstat()
    except OSError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise UsageError(f"{path} is a folder: an output file would have that name")
    return status.st_size if stat.S_ISREG(status.st_mode) else -1
