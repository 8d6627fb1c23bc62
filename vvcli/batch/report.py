"""A batch in words and figures: what a plan holds, what is there already, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vvcli.batch.entry import Entry, Outcome
from vvcli.batch.resume import Decision, Step

TEXT_SHOWN = 60  # characters


def plan_lines(folder: Path, steps: Iterable[Step]) -> Iterator[str]:
    """A line for each file: what becomes of it, its path, and the start of its text."""
    for step in steps:
        if step.job.path is not None:
            text = " ".join(step.job.text[: 2 * TEXT_SHOWN].split())[:TEXT_SHOWN]
            yield f"{step.decision.value}\t{folder / step.job.path}\t{text}\n"


def what_is_there(steps: Iterable[Step]) -> Iterator[str]:
    """What earlier runs have left, in sentences."""
    count = Counter(step.decision for step in steps)
    total = sum(count.values()) - count[Decision.BLANK]
    if count[Decision.DONE]:
        yield f"{count[Decision.DONE]} of {total} files are done already"
    if count[Decision.KEEP]:
        yield f"{count[Decision.KEEP]} of {total} files stay as they are"
    if count[Decision.FAILED]:
        failed = count[Decision.FAILED]
        yield f"{failed} of {total} files failed in an earlier run: --retry-failed tries again"


@dataclass(frozen=True)
class Files:
    """The files of a plan by how they stand after a run."""

    ok: int
    truncated: int
    failed: int
    kept: int  # of somebody else
    missing: int  # the run stopped before them

    @classmethod
    def count(cls, steps: Sequence[Step], made: Sequence[Entry]) -> Files:
        """Count the files of all `steps`, of which this run made or failed `made`."""
        decided = Counter(step.decision for step in steps)
        ended = Counter(entry.status for entry in made)
        done = [step.entry for step in steps if step.decision is Decision.DONE and step.entry]
        ended.update(entry.status for entry in done)
        return cls(
            ok=ended[Outcome.OK],
            truncated=ended[Outcome.TRUNCATED],
            failed=ended[Outcome.FAILED] + decided[Decision.FAILED],
            kept=decided[Decision.KEEP],
            missing=decided[Decision.MAKE] - len(made),
        )

    @property
    def usable(self) -> int:
        """Files that are there."""
        return self.ok + self.truncated + self.kept

    @property
    def wrong(self) -> int:
        """Files that are not there, or do not hold all of their text."""
        return self.truncated + self.failed + self.missing
