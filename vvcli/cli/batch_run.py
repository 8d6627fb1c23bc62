"""Makes the files of `vvcli batch` that are missing."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import asdict
from typing import Any

from vvcli.audio.levels import softer
from vvcli.batch.entry import ManifestEntry, Outcome
from vvcli.batch.job_steps import JobSteps
from vvcli.batch.manifest import Manifest
from vvcli.batch.recover import Leftovers
from vvcli.batch.report import Files, Standing, not_read, skipped_inputs
from vvcli.batch.resume import Decision, JobStep, Resume
from vvcli.batch.runner import Runner
from vvcli.cli.batch_plan import BatchRequest, Prepared
from vvcli.cli.environment import Environment
from vvcli.cli.read_aloud import count_chunk
from vvcli.cli.remedies import REMEDIES
from vvcli.cli.session import Session, open_session
from vvcli.progress.tally import count
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
    leftovers = Leftovers(prepared.folder, prepared.inputs_below)
    leftovers.recover(manifest.entries)
    resume = prepared.resume(request, manifest.entries)
    before = Standing()

    def add(step: JobStep) -> JobStep:
        before.add(step)
        if step.decision is Decision.MAKE:
            leftovers.remove(str(step.job.path))
        return step

    decided = map(add, resume.decide(prepared.jobs))
    steps = JobSteps(prepared.jobs, decided, manifest.entries)
    runner = Runner(
        manifest,
        prepared.folder,
        request.file_format,
        input_rate=SAMPLE_RATE,
        seed=options["seed"],
        fingerprint=prepared.fingerprint,
    )
    runner.note_skipped(steps)
    total = measure(record for step in steps.missing() for record in step.job.records)
    made = Counter[Outcome]()
    with open_session(environment, request, total) as session:
        for sentence in [
            *([] if prepared.share is None else [prepared.share.describe()]),
            *skipped_inputs(not_read(prepared.read, prepared.passed_over, prepared.kinds)),
            *verified(resume),
            *before.notes(),
        ]:
            session.progress.note(sentence)
        for sentence in before.problems(REMEDIES["retry"]):
            session.tell(sentence)
        if before.decided[Decision.MAKE]:
            asked = options | {"model": prepared.model}
            # All records count, not only those that are missing or of a share, so that every run
            # computes alike.
            records = sum(len(records) for _, records in prepared.read)
            make_files(request, steps, before, runner, session, made, asked, records)
            session.progress.finish(session.tally)
    files = Files.count(before, made)
    facts = {} if request.shard is None else {"shard": str(request.shard)}
    session.summarize(model=str(prepared.model.spec), files=asdict(files), **facts)
    return files


def verified(resume: Resume) -> list[str]:
    """What `--verify` has found."""
    if not resume.checked:
        return []
    were = "was" if resume.checked == 1 else "were"
    are = "is" if resume.differing == 1 else "are"
    named = [f"{path} is not what was made" for path in resume.damaged]
    checked = f"{count(resume.checked, 'file')} {were} checked"
    return [*named, f"{checked}, {resume.differing} {are} not what was made"]


def make_files(
    request: BatchRequest,
    steps: JobSteps,
    before: Standing,
    runner: Runner,
    session: Session,
    made: Counter[Outcome],
    options: dict[str, Any],
    of_records: int,
) -> None:
    """Load the model and make what is missing `of_records`, counting in `session` and `made`."""
    synthesizer = session.load(options, of_records)

    def stops(entry: ManifestEntry) -> bool:
        return request.fail_fast and entry.error is not None and session.tally.failed > 0

    made_files = synthesizer.fleet.make(steps.missing(), runner, stops)
    with closing(made_files) as events:
        for event in events:
            if isinstance(event, ManifestEntry):
                made[event.status] += 1
                if said := softer(event.audio_filepath, event.loudness, request.loudness):
                    session.progress.note(said)
                continue
            count_chunk(event, synthesizer, session.tally, session.progress)
    left = before.decided[Decision.MAKE] - sum(made.values())
    if left:
        are = "is" if left == 1 else "are"
        session.progress.note(f"stopped: {count(left, 'file')} {are} not made")
    session.note_clipped(runner.clipped + synthesizer.clipped)
