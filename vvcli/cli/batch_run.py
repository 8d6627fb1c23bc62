"""Makes the files of `vvcli batch` that are missing."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import asdict
from typing import Any

from vvcli.audio.writer import open_writer
from vvcli.batch.entry import ManifestEntry, Outcome
from vvcli.batch.manifest import Manifest
from vvcli.batch.recover import recover
from vvcli.batch.report import Files, Standing, not_read, skipped_inputs
from vvcli.batch.resume import Decision, JobStep, JobSteps, Resume
from vvcli.batch.runner import Runner
from vvcli.cli.batch_plan import BatchRequest, Prepared
from vvcli.cli.environment import Environment
from vvcli.cli.read_aloud import count_chunk
from vvcli.cli.remedies import REMEDIES
from vvcli.cli.session import Session, open_session
from vvcli.samples import SAMPLE_RATE
from vvcli.script.measure import measure


def run_batch(
    environment: Environment,
    request: BatchRequest,
    prepared: Prepared,
    manifest: Manifest,
    options: dict[str, Any],
) -> Files:
    """Make what is missing, and say how all files stand then.

    Raises:
        UsageError: files are in the way.
        UnavailableError: the model cannot be loaded.
        OutputError: a file or the manifest cannot be written.
    """
    recover(manifest.entries, prepared.folder, prepared.inputs_below)
    resume = prepared.resume(request, manifest.entries)
    before = Standing()

    def count(step: JobStep) -> JobStep:
        before.add(step)
        return step

    decided = map(count, resume.decide(prepared.plan))
    steps = JobSteps(prepared.plan, decided, manifest.entries)
    runner = Runner(
        manifest,
        prepared.folder,
        lambda output: open_writer(
            request.format_name, output, request.rate, input_rate=SAMPLE_RATE
        ),
        input_rate=SAMPLE_RATE,
        rate=request.rate,
        seed=options["seed"],
        fingerprint=prepared.fingerprint,
    )
    runner.note_skipped(steps)
    total = measure(record for step in steps.missing() for record in step.job.records)
    made = Counter[Outcome]()
    with open_session(environment, request, total) as session:
        for sentence in [
            *skipped_inputs(not_read(prepared.read, prepared.passed_over, prepared.kinds)),
            *verified(resume),
            *before.notes(),
        ]:
            session.progress.note(sentence)
        for sentence in before.problems(REMEDIES["retry"]):
            session.tell(sentence)
        if before.decided[Decision.MAKE]:
            asked = options | {"model": prepared.model}
            make_files(request, steps, before, runner, request.format_name, session, made, asked)
            session.progress.finish(session.tally)
    files = Files.count(before, made)
    session.summarize(model=str(prepared.model.spec), files=asdict(files))
    return files


def verified(resume: Resume) -> list[str]:
    """What `--verify` has found."""
    if not resume.checked:
        return []
    are = "is" if resume.differing == 1 else "are"
    named = [f"{path} is not what was made" for path in resume.damaged]
    return [
        *named,
        f"{resume.checked} files were checked, {resume.differing} {are} not what was made",
    ]


def make_files(
    request: BatchRequest,
    steps: JobSteps,
    before: Standing,
    runner: Runner,
    format_name: str,
    session: Session,
    made: Counter[Outcome],
    options: dict[str, Any],
) -> None:
    """Load the model and make what is missing, in `format_name`; count in `session` and `made`."""
    # All records count, not only those that are missing, so that a resumed run computes alike.
    synthesizer = session.load(options, sum(len(step.job.records) for step in steps))
    made_files = synthesizer.fleet.make(steps.missing(), runner, format_name)
    with closing(made_files) as events:
        for event in events:
            if isinstance(event, ManifestEntry):
                made[event.status] += 1
                if request.fail_fast and session.tally.failed:
                    break
                continue
            count_chunk(event, synthesizer, session.tally, session.progress)
    left = before.decided[Decision.MAKE] - sum(made.values())
    if left:
        session.progress.note(f"stopped: {left} files are not made")
    session.note_clipped(runner.clipped + synthesizer.clipped)
