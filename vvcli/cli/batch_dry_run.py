"""`vvcli batch --dry-run`: what the run would make and say, without the model."""

from __future__ import annotations

import io
from collections import Counter

import click

from vvcli.batch.entry import Outcome
from vvcli.batch.manifest import read_entries
from vvcli.batch.report import Files, Standing, not_read, plan_line
from vvcli.batch.resume import Decision, JobStep
from vvcli.cli.batch_plan import BatchRequest, Prepared
from vvcli.cli.batch_run import verified
from vvcli.cli.book_run import book_lines
from vvcli.cli.environment import Environment
from vvcli.cli.preflight import Preflight
from vvcli.cli.remedies import REMEDIES
from vvcli.errors import RecordError
from vvcli.progress.visible import visible, visible_columns


def dry_run(environment: Environment, request: BatchRequest, prepared: Prepared) -> Files:
    """Print what would become of each file; how all would stand after the run.

    Raises:
        UsageError, UnavailableError, OutputError: where the run would, before it makes anything.
    """
    preflight = prepared.preflight()
    resume = prepared.resume(request, read_entries(request.folder, request.shard))
    before, made = Standing(), Counter[Outcome]()
    # Printed when all is found right. A file of its own would be slower, and no smaller.
    lines = io.BytesIO()
    folder = f"{request.folder}/"
    stopped = False
    for step in resume.decide(prepared.jobs.checked()):
        before.add(step)
        if step.job.path is None:
            continue
        error = None
        if step.decision is Decision.MAKE:
            if stopped:
                continue
            problems, outcome = _outcome(prepared, preflight, step)
            made[outcome] += 1
            for problem in problems:
                environment.say(problem)
            stopped = request.fail_fast and bool(problems)
            if outcome is Outcome.FAILED:
                error = "; ".join(problems)
        lines.write(f"{visible_columns(plan_line(folder, step, error))}\n".encode())
    if prepared.book is not None:
        lines.writelines(f"{line}\n".encode() for line in book_lines(prepared, prepared.book))
    for reason, names in not_read(prepared.read, prepared.passed_over, prepared.kinds).items():
        for name in names:
            lines.write(f"skip\t{visible(name)}\t{reason}\n".encode())
    lines.seek(0)
    while block := lines.read(1 << 20):
        click.echo(block, nl=False)
    if prepared.share is not None:
        environment.say(prepared.share.describe())
    if not request.quiet and (overview := before.overview()):
        environment.say(overview)
    for sentence in [*verified(resume), *before.problems(REMEDIES["retry"])]:
        environment.say(sentence)
    return Files.count(before, made)


def _outcome(prepared: Prepared, preflight: Preflight, step: JobStep) -> tuple[list[str], Outcome]:
    """What is wrong with the records of a file, and what becomes of it."""
    records, problems = step.job.records, list[str]()
    if len(records) > 1:
        records = tuple(record for record in records if not prepared.is_blank(record))
    for record in records:
        try:
            preflight.check(record)
        except RecordError as error:
            problems.append(str(error))
    if not problems:
        return problems, Outcome.OK
    return problems, Outcome.FAILED if len(problems) == len(records) else Outcome.TRUNCATED
