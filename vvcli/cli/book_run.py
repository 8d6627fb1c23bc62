"""Makes the book of `vvcli batch --book`: its parts first, and then the file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from vvcli.audio.levels import softer
from vvcli.audio.track import CHARACTERS_PER_SECOND
from vvcli.batch.book.assemble import Assembled, assemble
from vvcli.batch.book.parts import Parts, check_folder, remove
from vvcli.batch.book.plan import BookPlan
from vvcli.batch.entry import Outcome
from vvcli.batch.job_steps import JobSteps
from vvcli.batch.manifest import Manifest, read_entries
from vvcli.batch.plan import Job
from vvcli.batch.recover import recover
from vvcli.batch.report import Files, Standing, not_read, skipped_inputs
from vvcli.batch.resume import Decision, Existing, Resume
from vvcli.batch.runner import Runner
from vvcli.cli.batch_plan import BatchRequest, Prepared
from vvcli.cli.batch_run import make_files, verified
from vvcli.cli.book_plan import PART_FORMAT
from vvcli.cli.environment import Environment
from vvcli.cli.remedies import REMEDIES
from vvcli.cli.session import Session, open_session
from vvcli.errors import UsageError
from vvcli.progress.tally import count, duration
from vvcli.progress.visible import visible_columns
from vvcli.samples import SAMPLE_RATE
from vvcli.script.measure import measure


def run_book(
    environment: Environment,
    request: BatchRequest,
    prepared: Prepared,
    manifest: Manifest,
    options: dict[str, Any],
) -> Files:
    """Make the book if it is not there, and say how it stands then.

    Raises:
        UsageError: a file is in the way.
        UnavailableError: the model cannot be loaded.
        OutputError: a file or a manifest cannot be written.
    """
    plan = prepared.book
    assert plan is not None  # noqa: S101 - for types: without one, `run_batch` is called
    recover(manifest.entries, prepared.folder, prepared.inputs_below)
    resume = prepared.resume(request, manifest.entries)
    [step] = resume.decide(plan)
    before, made = Standing(), Counter[Outcome]()
    before.add(step)
    is_made = step.decision is Decision.MAKE
    check_folder(plan.parts.path)
    if not is_made:
        with open_session(environment, request, None) as session:
            _tell(session, prepared, resume, before)
    else:
        _check_list(request, prepared, plan, manifest)
        with Manifest(plan.parts.path) as staged:
            recover(staged.entries, plan.parts)
            steps = _part_steps(request, prepared, plan, staged)
            total = measure(record for each in steps.missing() for record in each.job.records)
            with open_session(environment, request, total) as session:
                _tell(session, prepared, resume, before)
                asked = options | {"model": prepared.model}
                whole = _speak_parts(request, prepared, plan, steps, staged, session, asked)
                if whole:
                    book = _assemble(request, prepared, plan, manifest, session, options["seed"])
                    made[book.entry.status] += 1
                    session.progress.finish(session.tally)
    files = Files.count(before, made)
    if files.ok:
        remove(plan.parts.path)
    session.summarize(model=str(prepared.model.spec), files=asdict(files))
    return files


def book_lines(prepared: Prepared, plan: BookPlan) -> list[str]:
    """Lines of a dry run: the chapters, where each would begin, and how long all would be."""
    seconds = plan.seconds(CHARACTERS_PER_SECOND, prepared.words)
    lines, start = [], 0.0
    for chapter, length in zip(plan.chapters, seconds, strict=True):
        lines.append(visible_columns(f"chapter\tabout {duration(start)}\t{chapter.title}"))
        start += length
    return [*lines, f"length\tabout {duration(start)}\t{count(len(plan.chapters), 'chapter')}"]


def _part_steps(
    request: BatchRequest, prepared: Prepared, plan: BookPlan, staged: Manifest
) -> JobSteps:
    """What becomes of each part; what is in the way of one is a part of another text."""
    resume = Resume(
        staged.entries,
        plan.parts.path,
        prepared.part_fingerprint,
        Existing.OVERWRITE,
        retry_failed=request.retry_failed,
        verify=request.verify,
        inputs=prepared.inputs,
    )
    return JobSteps(_PartJobs(plan), resume.decide(plan.part_jobs()), staged.entries)


class _PartJobs:
    """The parts of a book, made anew on each pass."""

    def __init__(self, plan: BookPlan) -> None:
        self._plan = plan

    def __iter__(self) -> Iterator[Job]:
        return self._plan.part_jobs()


def _speak_parts(
    request: BatchRequest,
    prepared: Prepared,
    plan: BookPlan,
    steps: JobSteps,
    staged: Manifest,
    session: Session,
    options: dict[str, Any],
) -> bool:
    """Make the parts that are missing; whether all of them are there then."""
    before, made = Standing(), Counter[Outcome]()
    for step in steps:
        before.add(step)
    done = before.decided[Decision.DONE]
    if done:
        session.progress.note(f"{done} of {before.total} records are spoken already")
    if failed := before.decided[Decision.FAILED]:
        session.tell(f"{count(failed, 'record')} failed in an earlier run: {REMEDIES['retry']}")
    missing = before.decided[Decision.MAKE]
    if missing:
        # Rate and all else that is done to a finished file is done to the book, not to its parts.
        request = replace(request, format_name=PART_FORMAT, rate=SAMPLE_RATE, loudness=None)
        runner = Runner(
            staged,
            plan.parts,
            request.file_format,
            input_rate=SAMPLE_RATE,
            seed=options["seed"],
            fingerprint=prepared.part_fingerprint,
        )
        records = sum(len(step.job.records) for step in steps)
        make_files(request, steps, before, runner, session, made, options, records)
    return sum(made.values()) == missing


def _assemble(
    request: BatchRequest,
    prepared: Prepared,
    plan: BookPlan,
    manifest: Manifest,
    session: Session,
    seed: int,
) -> Assembled:
    """Make the book of its parts, and say what it lacks."""
    session.progress.note(f"writing {request.folder / plan.path}")
    book = assemble(
        plan,
        Parts(plan.parts, read_entries(plan.parts.path)),
        manifest,
        prepared.folder,
        request.file_format,
        seed=seed,
        fingerprint=prepared.fingerprint,
    )
    if said := softer(request.folder / plan.path, book.entry.loudness, request.loudness):
        session.progress.note(said)
    if not book.tagged:
        session.tell("a WAV file of 4 GiB has no room for chapters: give a name in .flac")
    if book.entry.status is not Outcome.OK:
        session.tell(
            f"the parts stay in {plan.parts.path}: "
            f"{REMEDIES['retry']} what failed, and nothing else"
        )
    elif book.marks:
        length = duration(book.marks[-1].end / 1000)
        session.progress.note(f"{count(len(book.marks), 'chapter')}, {length}")
    return book


def _tell(session: Session, prepared: Prepared, resume: Resume, before: Standing) -> None:
    """Say how the book stands before the run."""
    skipped = skipped_inputs(not_read(prepared.read, prepared.passed_over, prepared.kinds))
    for sentence in [*skipped, *verified(resume), *before.notes()]:
        session.progress.note(sentence)
    for sentence in before.problems(REMEDIES["retry"]):
        session.tell(sentence)


def _check_list(
    request: BatchRequest, prepared: Prepared, plan: BookPlan, manifest: Manifest
) -> None:
    """Refuse to replace a list of chapters that no run of ours has made."""
    path = prepared.folder.path / plan.list_path
    ours = plan.path in manifest.entries.made or plan.parts.path.exists()
    overwrites = request.existing == Existing.OVERWRITE.value
    if os.path.lexists(path) and not ours and not overwrites:
        raise UsageError(f"{path} is there, and the book would replace it", remedy="move away")
