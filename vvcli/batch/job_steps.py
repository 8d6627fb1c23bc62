"""The steps of a run, as many times as they are gone through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vvcli.batch.manifest import Entries
from vvcli.batch.plan import Job
from vvcli.batch.resume import Decision, JobStep

_DECISIONS = list(Decision)


class JobSteps:
    """All steps of a run, made anew on each pass; what was decided is kept in a byte each.

    Args:
        jobs: the same on each pass.
        decided: the steps of all `jobs`, in this order, used up here.
        entries: of the manifest, as they were then.
    """

    def __init__(self, jobs: Iterable[Job], decided: Iterable[JobStep], entries: Entries) -> None:
        self._jobs = jobs
        self._entries = entries
        self._decided = bytearray(
            2 * _DECISIONS.index(step.decision) + (step.entry is not None) for step in decided
        )

    def __iter__(self) -> Iterator[JobStep]:
        for job, decided in zip(self._jobs, self._decided, strict=True):
            decision = _DECISIONS[decided // 2]
            entry = None
            if decided % 2 and decision is Decision.DONE:
                entry = self._entries.made[str(job.path)]
            elif decided % 2:
                entry = self._entries[job.key]
            yield JobStep(job, decision, entry)

    def missing(self) -> Iterator[JobStep]:
        """The steps that are to be made."""
        return (step for step in self if step.decision is Decision.MAKE)
