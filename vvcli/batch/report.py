"""A batch in words and figures: what a plan holds, what is there already, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vvcli.batch.entry import Outcome
from vvcli.batch.inputs import TEXT_SUFFIXES, listed
from vvcli.batch.plan import Read
from vvcli.batch.resume import Decision, JobStep

TEXT_SHOWN = 60  # characters
MAX_NAMED = 10  # files that failed before, each with its reason; names of files not read


def plan_line(folder: str, step: JobStep, error: str | None = None) -> str:
    """A line about a file: decision, path, and the start of its text or of its `error`.

    Of a file that is kept, why it is.
    """
    job = step.job
    if error is None and step.decision is Decision.FAILED and step.entry is not None:
        error = step.entry.error
    if error is not None:
        decision, words = Decision.FAILED.value, " ".join(error.split())
    elif step.decision is Decision.KEEP:
        decision, words = step.decision.value, step.in_the_way or ""
    else:
        text = job.records[0].text if len(job.records) == 1 else job.text
        decision = step.decision.value
        words = " ".join(text[: 2 * TEXT_SHOWN].split())[:TEXT_SHOWN]
    return f"{decision}\t{folder}{job.path}\t{words}"


def not_read(
    read: Read, passed_over: Iterable[Path], kinds: Sequence[str] = TEXT_SUFFIXES
) -> dict[str, list[str]]:
    """Names of inputs that no file comes from, by the reason; `kinds` are those of files."""
    return {
        f"not {listed(kinds)}": [str(path) for path in passed_over],
        "empty": [
            source.name for source, records in read if all(record.is_blank for record in records)
        ],
    }


def skipped_inputs(reasons: dict[str, list[str]]) -> Iterator[str]:
    """Sentences about inputs that no file comes from."""
    for reason, names in reasons.items():
        if names:
            more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
            files = "file is" if len(names) == 1 else "files are"
            yield f"{len(names)} {files} skipped, {reason}: {', '.join(names[:MAX_NAMED])}{more}"


@dataclass
class Standing:
    """Counts of a plan's files before a run, by decision."""

    decided: Counter[Decision] = field(default_factory=Counter)
    done: Counter[Outcome] = field(default_factory=Counter)  # of files that are there already
    wrong: list[str] = field(default_factory=list)  # the first, each with its reason
    kept: list[str] = field(default_factory=list)  # the same
    replaced: int = 0  # files in the way of those that are made

    def add(self, step: JobStep) -> None:
        """Count one step."""
        self.decided[step.decision] += 1
        if step.decision is Decision.KEEP and len(self.kept) < MAX_NAMED:
            self.kept.append(f"{step.job.path} is kept: {step.in_the_way}")
        self.replaced += step.decision is Decision.MAKE and step.in_the_way is not None
        entry = step.entry
        if entry is None:
            return
        if step.decision is Decision.DONE:
            self.done[entry.status] += 1
        truncated = step.decision is Decision.DONE and entry.status is Outcome.TRUNCATED
        if (truncated or step.decision is Decision.FAILED) and len(self.wrong) < MAX_NAMED:
            how = "is truncated" if truncated else "failed in an earlier run"
            self.wrong.append(f"{entry.audio_filepath} {how}: {entry.error}")

    def problems(self, remedy: str) -> Iterator[str]:
        """Sentences about files that are not made; `remedy` says how they are tried again."""
        failed, truncated = self.decided[Decision.FAILED], self.done[Outcome.TRUNCATED]
        yield from self.wrong
        if (more := failed + truncated - len(self.wrong)) > 0:
            yield f"and {more} more: manifest.jsonl has the reasons"
        for number, how in ((failed, "failed in an earlier run"), (truncated, "are truncated")):
            if number:
                yield f"{number} of {self.total} files {how}: {remedy}"

    def notes(self) -> Iterator[str]:
        """Sentences about files that are there."""
        yield from self.kept
        if (more := self.decided[Decision.KEEP] - len(self.kept)) > 0:
            yield f"and {more} more are kept: manifest.jsonl has them as skipped"
        if overview := self.overview():
            yield overview
        elif done := self.decided[Decision.DONE]:
            yield f"{done} of {self.total} files are done already"

    def overview(self) -> str | None:
        """What becomes of all files, where some are in the way; else None."""
        kept, replaced = self.decided[Decision.KEEP], self.replaced
        if not kept and not replaced:
            return None
        counts = {
            "new": self.decided[Decision.MAKE] - replaced,
            "to replace": replaced,
            "unchanged": self.decided[Decision.DONE],
            "kept": kept,
            "failed before": self.decided[Decision.FAILED],
        }
        found = ", ".join(f"{number} {how}" for how, number in counts.items() if number)
        return f"{self.total} {'file' if self.total == 1 else 'files'}: {found}"

    @property
    def total(self) -> int:
        """Files of the plan."""
        return sum(self.decided.values()) - self.decided[Decision.BLANK]


@dataclass(frozen=True)
class Files:
    """The files of a plan by how they stand after a run."""

    ok: int = 0
    truncated: int = 0
    failed: int = 0
    kept: int = 0  # files that vvcli did not make
    missing: int = 0  # the run stopped before them
    unchanged: int = 0  # of the first two, files that were there before the run

    @classmethod
    def count(cls, before: Standing, made: Counter[Outcome]) -> Files:
        """Count all files, of which this run made or failed those counted in `made`."""
        ended = before.done + made
        return cls(
            ok=ended[Outcome.OK],
            truncated=ended[Outcome.TRUNCATED],
            failed=ended[Outcome.FAILED] + before.decided[Decision.FAILED],
            kept=before.decided[Decision.KEEP],
            missing=before.decided[Decision.MAKE] - sum(made.values()),
            unchanged=before.decided[Decision.DONE],
        )

    @property
    def usable(self) -> int:
        """Files that are there."""
        return self.ok + self.truncated + self.kept

    @property
    def wrong(self) -> int:
        """Files that are not there, or do not hold all of their text."""
        return self.truncated + self.failed + self.missing
