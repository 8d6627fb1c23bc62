"""The jobs of a plan that a shard makes."""

from __future__ import annotations

from collections.abc import Iterator

from vvcli.batch.plan import Job, Plan
from vvcli.batch.shards import Shard


class Share:
    """The jobs of a plan that are in a shard.

    Attributes:
        files: how many of them make a file, once `checked` has come to its end.
        of_files: how many of the whole plan do.
    """

    def __init__(self, plan: Plan, shard: Shard) -> None:
        self._plan = plan
        self._shard = shard
        self.files = self.of_files = 0

    def __iter__(self) -> Iterator[Job]:
        return (job for job in self._plan if self._shard.holds(job.key))

    def checked(self) -> Iterator[Job]:
        """The jobs, after which the names of all jobs are checked; see `Plan.checked`."""
        self.files = self.of_files = 0
        for job in self._plan.checked():
            is_file = job.path is not None
            self.of_files += is_file
            if self._shard.holds(job.key):
                self.files += is_file
                yield job

    def describe(self) -> str:
        """The share in words."""
        return f"share {self._shard}: {self.files} of {self.of_files} files"
