"""`vvcli batch --dry-run`: what the run would make and say, without the model."""

from __future__ import annotations

import io
import re
from collections import Counter

import click

from vvcli.batch.entry import Outcome
from vvcli.batch.manifest import read_entries
from vvcli.batch.report import Files, Standing, not_read, plan_line
from vvcli.batch.resume import Decision, JobStep
from vvcli.cli.batch_plan import Prepared, Request
from vvcli.cli.batch_run import verified
from vvcli.cli.environment import Environment
from vvcli.errors import RecordError, UnavailableError
from vvcli.progress.visible import visible, visible_columns
from vvcli.script.record import Record

# Text that every model can say.
_PLAIN_WORDS = re.compile(r"[A-Za-z][A-Za-z ,.?!']*")


def dry_run(environment: Environment, request: Request, prepared: Prepared) -> Files:
    """Print what would become of each file; how all would stand after the run.

    Raises:
        UsageError, UnavailableError, OutputError: where the run would, before it makes anything.
    """
    check = _SpeechCheck(prepared)
    resume = prepared.resume(request, read_entries(request.folder))
    before, made = Standing(), Counter[Outcome]()
    # Printed when all is found right. A file of its own would be slower, and no smaller.
    lines = io.BytesIO()
    folder = f"{request.folder}/"
    stopped = False
    for step in resume.decide(prepared.plan.checked()):
        before.add(step)
        if step.job.path is None:
            continue
        error = None
        if step.decision is Decision.MAKE:
            if stopped:
                continue
            problems, outcome = check.outcome(step)
            made[outcome] += 1
            for problem in problems:
                environment.say(problem)
            stopped = request.fail_fast and bool(problems)
            if outcome is Outcome.FAILED:
                error = "; ".join(problems)
        lines.write(f"{visible_columns(plan_line(folder, step, error))}\n".encode())
    for reason, names in not_read(prepared.read, prepared.passed_over).items():
        for name in names:
            lines.write(f"skip\t{visible(name)}\t{reason}\n".encode())
    lines.seek(0)
    while block := lines.read(1 << 20):
        click.echo(block, nl=False)
    for sentence in [*verified(resume), *before.problems()]:
        environment.say(sentence)
    return Files.count(before, made)


class _SpeechCheck:
    """Finds records that cannot be spoken, in the run's own words."""

    def __init__(self, prepared: Prepared) -> None:
        self._voices = prepared.voices
        self._model_voices = prepared.model.voices
        self._reader = prepared.reader
        self._tokenizer = prepared.model.tokenizer

    def outcome(self, step: JobStep) -> tuple[list[str], Outcome]:
        """What is wrong with the records of a file, and what becomes of it."""
        records = step.job.records
        if len(records) == 1:
            error = self._error(records[0])
            return ([], Outcome.OK) if error is None else ([error], Outcome.FAILED)
        records = tuple(r for r in records if not self._reader(r).is_blank(r.text) or r.error)
        problems = [error for record in records if (error := self._error(record)) is not None]
        if not problems:
            return problems, Outcome.OK
        return problems, Outcome.FAILED if len(problems) == len(records) else Outcome.TRUNCATED

    def _error(self, record: Record) -> str | None:
        if record.error is not None:
            return record.error
        error = self._voices(record.voice).error
        if error is None and not _PLAIN_WORDS.fullmatch(record.text):
            try:
                for segment in self._reader(record).read(record.text).segments:
                    if segment.voice:
                        self._model_voices.find(segment.voice)
                    if segment.text:
                        self._tokenizer.encode(segment.text)
            except (RecordError, UnavailableError) as failure:
                error = str(failure)
        return None if error is None else f"{record.source}: {error}"
