"""Makes the files of `vvcli batch` that are missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
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
from vvcli.cli.batch_plan import Prepared, Request
from vvcli.cli.environment import STDERR, Environment
from vvcli.cli.summary import write_summary
from vvcli.cli.synthesizer import open_synthesizer
from vvcli.progress.report import Progress, open_progress
from vvcli.progress.tally import Tally, count
from vvcli.samples import SAMPLE_RATE
from vvcli.script.measure import measure

FEW = 8  # records, which need no more streams than they are


def run_batch(
    environment: Environment,
    request: Request,
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
    mode = "none" if request.quiet else request.progress_mode
    progress = open_progress(mode, environment.stderr, STDERR, total)
    tally, made = Tally(), Counter[Outcome]()
    with closing(progress):
        for sentence in [
            *skipped_inputs(not_read(prepared.read, prepared.passed_over)),
            *verified(resume),
            *before.notes(),
        ]:
            progress.note(sentence)
        tell: Callable[[str], None] = environment.say if mode == "none" else progress.note
        for sentence in before.problems():
            tell(sentence)
        if before.decided[Decision.MAKE]:
            asked = options | {"model": prepared.model}
            _make(request, steps, before, runner, progress, tally, made, asked)
            progress.finish(tally)
    files = Files.count(before, made)
    facts = {"model": options["model"], "format": request.format_name, "rate": request.rate}
    write_summary(request.summary, tally, clipped=runner.clipped, files=asdict(files), **facts)
    return files


def verified(resume: Resume) -> list[str]:
    """What `--verify` has found."""
    if not resume.checked:
        return []
    are = "is" if resume.differing == 1 else "are"
    return [f"{resume.checked} files were checked, {resume.differing} {are} not what was made"]


def _make(
    request: Request,
    steps: JobSteps,
    before: Standing,
    runner: Runner,
    progress: Progress,
    tally: Tally,
    made: Counter[Outcome],
    options: dict[str, Any],
) -> None:
    """Load the model and make what is missing, counting in `tally` and `made`."""
    progress.note("loading the model")
    # All records count, not only those that are missing, so that a resumed run computes alike.
    total = sum(len(step.job.records) for step in steps)
    if options["streams"] == "auto" and total < FEW:
        options["streams"] = total
    synthesizer = open_synthesizer(options, request.format_name, request.rate)
    progress.note(
        f"{synthesizer.voice.name}, {request.format_name}, {request.rate} Hz, mono, "
        f"{count(synthesizer.streams, 'stream')} on {synthesizer.device}"
    )
    records = (record for step in steps.missing() for record in step.job.records)
    with (
        closing(synthesizer.stream(records)) as chunks,
        closing(runner.make(steps.missing(), chunks)) as events,
    ):
        for event in events:
            if isinstance(event, ManifestEntry):
                made[event.status] += 1
                if request.fail_fast and tally.failed:
                    break
                continue
            tally.add(event)
            tally.active = synthesizer.active
            progress.chunk(event, tally)
    left = before.decided[Decision.MAKE] - sum(made.values())
    if left:
        progress.note(f"stopped: {left} files are not made")
    runner.clipped += synthesizer.clipped
    if runner.clipped:
        progress.note(f"{runner.clipped} samples were beyond full scale and cut: try -f f32le")
