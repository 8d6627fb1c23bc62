"""A file of a batch while a worker makes it, and how far its records were told of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vvcli.batch.plan import Job
from vvcli.script.record import Record


@dataclass
class OpenFile:
    """A file that is not done with. A worker that makes it anew tells of its records again."""

    job: Job
    _ended: set[int] = field(default_factory=set)  # records, by index
    _told: dict[int, int] = field(default_factory=dict)  # samples of a record, by index
    _again: dict[int, int] = field(default_factory=dict)  # of these, to be told by another worker

    def __post_init__(self) -> None:
        self._records = {record.index: record for record in self.job.records}

    def begin_anew(self) -> None:
        """Another worker makes the file, from its beginning."""
        self._again = dict(self._told)

    def note(self, index: int, samples: int, *, ends: bool) -> tuple[Record, int] | None:
        """A worker has made `samples` of a record.

        Returns:
            The record, and how many of them were not told before; none after the record's end.
        """
        if index in self._ended:
            return None
        known = min(self._again.get(index, 0), samples)
        if known:
            self._again[index] -= known
        self._told[index] = self._told.get(index, 0) + samples - known
        if ends:
            self._ended.add(index)
        return self._records[index], samples - known

    def open_records(self) -> Iterator[Record]:
        """The records whose end was not told."""
        return (record for record in self.job.records if record.index not in self._ended)
