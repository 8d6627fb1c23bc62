"""`vvcli batch`: many records in, an audio file for each, and a manifest to resume by."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from vvcli.audio.formats import FORMATS
from vvcli.audio.writer import check_writer, open_writer
from vvcli.batch.containment import OutputFolder
from vvcli.batch.entry import Entry
from vvcli.batch.fingerprint import Settings, fingerprint, identify_model
from vvcli.batch.inputs import STDIN, expand
from vvcli.batch.manifest import Manifest, read_entries
from vvcli.batch.naming import NameTemplate
from vvcli.batch.plan import Job, Layout, make_plan, read_records
from vvcli.batch.report import Files, plan_lines, what_is_there
from vvcli.batch.resume import Decision, Existing, Step, decide, recover
from vvcli.batch.runner import Runner
from vvcli.batch.voice_names import VoiceNames
from vvcli.checkpoint.folder import read_config
from vvcli.checkpoint.hub import resolve_model
from vvcli.checkpoint.voice_search import voice_folders
from vvcli.cli.environment import STDERR, Environment
from vvcli.cli.exit_status import ExitStatus
from vvcli.cli.message_options import progress_options
from vvcli.cli.options import RATE, gap_option, synthesis_options
from vvcli.cli.summary import write_summary
from vvcli.cli.synthesizer import open_synthesizer
from vvcli.cli.types import AudioFormat, FileName, FolderName, Number, Text, was_typed
from vvcli.errors import UsageError
from vvcli.model.config import SAMPLE_RATE
from vvcli.progress.report import Progress, open_progress
from vvcli.progress.tally import Tally, count
from vvcli.script.measure import measure

FEW = 8  # records, which need no more streams than they are

NAME, NAME_JOINED = "{stem}/{n:05d}", "{stem}"


@dataclass(frozen=True)
class _Request:
    """The options that shape files."""

    inputs: tuple[str, ...]
    folder: Path
    template: str | None
    format_name: str
    rate: int
    join: bool
    gap: float
    existing: str
    retry_failed: bool
    fail_fast: bool
    dry_run: bool
    quiet: bool
    progress_mode: str
    summary: str | None


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", type=FileName())
@click.option(
    "-d",
    "--output-dir",
    "folder",
    metavar="OUTDIR",
    required=True,
    type=FolderName(path_type=Path),
    help="Folder for the files and manifest.jsonl; made if it is not there.",
)
@click.option(
    "--name",
    "template",
    metavar="TEMPLATE",
    type=Text(),
    help="File names, from {stem}, {n}, {id}, {slug} and {voice}; "
    f"default: {NAME}, with --join {NAME_JOINED}.",
)
@click.option(
    "-f",
    "--format",
    "format_name",
    envvar="VVCLI_FORMAT",
    type=AudioFormat(),
    default="wav",
    show_default=True,
    help="Format of the files.",
)
@click.option(
    "-r",
    "--rate",
    envvar="VVCLI_RATE",
    type=Number(RATE),
    metavar="HZ",
    default=SAMPLE_RATE,
    show_default=True,
    help=f"Sample rate, {RATE.low} to {RATE.high}.",
)
@click.option("--join", is_flag=True, help="Make one file per input file, not per record.")
@gap_option("Seconds of silence between the records of a joined file.")
@click.option(
    "--existing",
    type=click.Choice([existing.value for existing in Existing]),
    default=Existing.ERROR.value,
    show_default=True,
    help="What to do with files that are there and are not what this command makes.",
)
@click.option("--retry-failed", is_flag=True, help="Try failed and truncated files again.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first record that fails.")
@click.option("--dry-run", is_flag=True, help="Print what would be made, and make nothing.")
@synthesis_options
@progress_options
@click.pass_context
def batch(context: click.Context, /, **options: Any) -> ExitStatus:
    """Speak every record of the INPUTs into a file of its own below OUTDIR.

    An INPUT is a text file with a record a line, a folder (its .txt files, at any depth), a
    manifest ending in .jsonl, or - for standard input. Run the same command again after a crash,
    or with more text, and it makes only what is missing.
    """
    environment: Environment = context.obj
    if was_typed(context, "gap") and not options["join"]:
        raise UsageError("--gap is the silence between the records of one file: it needs --join")
    request = _Request(**{name: options.pop(name) for name in _Request.__dataclass_fields__})
    jobs = _plan(environment, request, options)
    if not any(job.path for job, _ in jobs):
        environment.say("nothing to speak: the input held no text")
        return ExitStatus.NOTHING

    def decide_all() -> list[Step]:
        entries = read_entries(request.folder)
        if not request.dry_run:
            recover(entries, OutputFolder(request.folder))
        existing, again = Existing(request.existing), request.retry_failed
        return decide(jobs, entries, request.folder, existing, retry_failed=again)

    if request.dry_run:
        click.echo("".join(plan_lines(request.folder, decide_all())), nl=False)
        return ExitStatus.OK
    with Manifest(request.folder) as manifest:
        files = _run(environment, request, decide_all(), manifest, options)
    if not files.usable:
        return ExitStatus.NOTHING
    return ExitStatus.SOME_FAILED if files.wrong else ExitStatus.OK


def _plan(
    environment: Environment, request: _Request, options: dict[str, Any]
) -> list[tuple[Job, str]]:
    """Every job and its fingerprint; whatever can be wrong with them is said here.

    Raises:
        UsageError: an input, a name or a format is wrong, or two files would have one name.
        UnavailableError: model or voice cannot be had.
    """
    template = NameTemplate(request.template or (NAME_JOINED if request.join else NAME))
    check_writer(request.format_name, request.rate, SAMPLE_RATE)
    _check_stdin(environment, request.inputs)
    read = read_records(expand(map(Path, request.inputs)), environment.stdin)
    model = resolve_model(options["model"])
    read_config(model)
    voices = VoiceNames(voice_folders(model), options["voice"])
    suffix = FORMATS[request.format_name].suffixes[0]
    layout = Layout(template, suffix, voices.name, request.join, request.gap)
    jobs = make_plan(read, OutputFolder(request.folder), layout)
    settings = Settings(
        model=identify_model(model),
        seed=options["seed"],
        cfg_scale=options["cfg_scale"],
        steps=options["steps"],
        dtype=options["dtype"],
        split=options["split"],
        format=f"{request.format_name} {request.rate}",
    )
    return [
        (job, fingerprint(settings, job.records, [*map(voices.identity, job.records)], job.gaps))
        for job in jobs
    ]


def _check_stdin(environment: Environment, inputs: Iterable[str]) -> None:
    names = [name for name in inputs if name == STDIN]
    if len(names) > 1:
        raise UsageError("- is standard input, which can be read only once")
    if names and environment.stdin in environment.closed:
        raise UsageError("nothing to speak: standard input is closed")
    if names and os.isatty(environment.stdin):
        raise UsageError("nothing to speak: - is standard input, and that is a terminal")


def _run(
    environment: Environment,
    request: _Request,
    steps: Sequence[Step],
    manifest: Manifest,
    options: dict[str, Any],
) -> Files:
    """Make what is missing, and say how all files stand then."""
    runner = Runner(
        manifest,
        OutputFolder(request.folder),
        lambda output: open_writer(
            request.format_name, output, request.rate, input_rate=SAMPLE_RATE
        ),
        input_rate=SAMPLE_RATE,
        rate=request.rate,
        seed=options["seed"],
    )
    runner.note_skipped(steps)
    missing = [step for step in steps if step.decision is Decision.MAKE]
    total = measure(record for step in missing for record in step.job.records)
    mode = "none" if request.quiet else request.progress_mode
    progress = open_progress(mode, environment.stderr, STDERR, total)
    tally, made = Tally(), list[Entry]()
    with closing(progress):
        for sentence in what_is_there(steps):
            progress.note(sentence)
        if missing:
            made = _make(request, steps, missing, runner, progress, tally, options)
            progress.finish(tally)
    files = Files.count(steps, made)
    facts = {"model": options["model"], "format": request.format_name, "rate": request.rate}
    write_summary(request.summary, tally, clipped=runner.clipped, files=asdict(files), **facts)
    return files


def _make(
    request: _Request,
    steps: Sequence[Step],
    missing: Sequence[Step],
    runner: Runner,
    progress: Progress,
    tally: Tally,
    options: dict[str, Any],
) -> list[Entry]:
    """Load the model and make `missing`; the entries of what was made or failed."""
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
    records = [record for step in missing for record in step.job.records]
    made: list[Entry] = []
    with (
        closing(synthesizer.stream(records)) as chunks,
        closing(runner.make(missing, chunks)) as events,
    ):
        for event in events:
            if isinstance(event, Entry):
                made.append(event)
                if request.fail_fast and tally.failed:
                    break
                continue
            tally.add(event)
            tally.active = synthesizer.active
            progress.chunk(event, tally)
    if len(made) < len(missing):
        progress.note(f"stopped: {len(missing) - len(made)} files are not made")
    runner.clipped += synthesizer.clipped
    if runner.clipped:
        progress.note(f"{runner.clipped} samples were beyond full scale and cut: try -f f32le")
    return made
