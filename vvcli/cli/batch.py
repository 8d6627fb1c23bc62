"""`vvcli batch`: many records in, an audio file for each, and a manifest to resume by."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from vvcli.audio.formats import FORMATS
from vvcli.audio.writer import check_writer, open_writer
from vvcli.batch.containment import OutputFolder
from vvcli.batch.fingerprint import Settings, fingerprint, identify_model
from vvcli.batch.inputs import STDIN, expand
from vvcli.batch.manifest import Entry, Manifest, Outcome, read_entries
from vvcli.batch.naming import NameTemplate
from vvcli.batch.plan import Job, Layout, make_plan, read_records
from vvcli.batch.resume import Decision, Existing, Step, decide, recover
from vvcli.batch.runner import Runner
from vvcli.batch.voice_names import VoiceNames
from vvcli.checkpoint.folder import read_config
from vvcli.checkpoint.hub import resolve_model
from vvcli.checkpoint.voice_search import voice_folders
from vvcli.cli.environment import Environment
from vvcli.cli.exit_status import ExitStatus
from vvcli.cli.types import FiniteFloat, parse_streams
from vvcli.errors import UsageError
from vvcli.model.config import SAMPLE_RATE
from vvcli.progress.plain import PlainProgress
from vvcli.progress.tally import Tally

MAX_SEED = 2**64 - 1
FEW = 8  # records, which need no more streams than they are
TEXT_SHOWN = 60  # characters of a record in --dry-run

NAME, NAME_JOINED = "{stem}/{n:05d}", "{stem}"

Command = TypeVar("Command", bound=Callable[..., Any])

# Options that mean the same in `speak`.
SPEECH_OPTIONS = [
    click.option(
        "-m", "--model", envvar="VVCLI_MODEL", required=True, help="Model folder or hub id."
    ),
    click.option("-V", "--voice", metavar="NAME|FILE", help="Voice; default: the model's first."),
    click.option(
        "--seed",
        type=click.IntRange(0, MAX_SEED),
        default=0,
        show_default=True,
        help="Picks the noise.",
    ),
    click.option(
        "--cfg-scale",
        type=FiniteFloat(0, 100),
        default=1.5,
        show_default=True,
        help="Classifier-free guidance.",
    ),
    click.option(
        "--steps",
        type=click.IntRange(1, 999),
        default=5,
        show_default=True,
        help="Solver steps per frame.",
    ),
    click.option(
        "-j",
        "--streams",
        metavar="N|auto",
        callback=parse_streams,
        default="auto",
        show_default=True,
        help="Records spoken at the same time.",
    ),
    click.option("--device", default="auto", show_default=True, help="cpu, cuda or cuda:N."),
    click.option(
        "--dtype",
        type=click.Choice(["auto", "float32", "bfloat16", "float64"]),
        default="auto",
        show_default=True,
        help="auto: bfloat16 on CUDA, float32 on a CPU.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Say only what goes wrong."),
    click.option("-v", "--verbose", is_flag=True, help="Show where an error came from."),
]

FILE_OPTIONS = [
    click.option(
        "-d",
        "--output-dir",
        "folder",
        metavar="OUTDIR",
        required=True,
        type=click.Path(path_type=Path),
        help="Folder for the files and manifest.jsonl; made if it is not there.",
    ),
    click.option(
        "--name",
        "template",
        metavar="TEMPLATE",
        help="File names, from {stem}, {n}, {id}, {slug} and {voice}; "
        f"default: {NAME}, with --join {NAME_JOINED}.",
    ),
    click.option(
        "-f",
        "--format",
        "format_name",
        type=click.Choice(list(FORMATS)),
        default="wav",
        show_default=True,
        help="Format of the files.",
    ),
    click.option(
        "-r",
        "--rate",
        type=click.IntRange(1),
        default=SAMPLE_RATE,
        show_default=True,
        help="Samples per second.",
    ),
    click.option("--join", is_flag=True, help="Make one file per input file, not per record."),
    click.option(
        "--gap",
        type=FiniteFloat(0, 3600),
        default=0.2,
        show_default=True,
        help="Seconds of silence between the records of a joined file.",
    ),
    click.option(
        "--existing",
        type=click.Choice([existing.value for existing in Existing]),
        default=Existing.ERROR.value,
        show_default=True,
        help="What to do with files that are there and are not what this command makes.",
    ),
    click.option("--retry-failed", is_flag=True, help="Try failed and truncated files again."),
    click.option("--fail-fast", is_flag=True, help="Stop at the first record that fails."),
    click.option("--dry-run", is_flag=True, help="Print what would be made, and make nothing."),
]


def _options(options: Sequence[Callable[[Command], Command]]) -> Callable[[Command], Command]:
    """Decorate with all of `options`, in the order of `--help`."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


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


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@_options(FILE_OPTIONS)
@_options(SPEECH_OPTIONS)
@click.pass_context
def batch(context: click.Context, /, quiet: bool, verbose: bool, **options: Any) -> ExitStatus:
    """Speak every record of the INPUTs into a file of its own below OUTDIR.

    An INPUT is a text file with a record a line, a folder (its .txt files, at any depth), a
    manifest ending in .jsonl, or - for standard input. Run the same command again after a crash,
    or with more text, and it makes only what is missing.
    """
    environment: Environment = context.obj
    environment.verbose = verbose
    if context.get_parameter_source("gap") is ParameterSource.COMMANDLINE and not options["join"]:
        raise UsageError("--gap is the silence between the records of one file: it needs --join")
    request = _Request(**{name: options.pop(name) for name in _Request.__dataclass_fields__})
    progress = PlainProgress(environment.stderr, quiet=quiet)
    jobs = _plan(environment, request, options)
    if not any(job.path for job, _ in jobs):
        environment.say("nothing to speak: the input held no text")
        return ExitStatus.NOTHING
    existing = Existing(request.existing)
    retry_failed = request.retry_failed
    if request.dry_run:
        entries = read_entries(request.folder)
        steps = decide(jobs, entries, request.folder, existing, retry_failed=retry_failed)
        _show(request.folder, steps)
        return ExitStatus.OK
    with Manifest(request.folder) as manifest:
        entries = read_entries(request.folder)
        recover(entries, OutputFolder(request.folder))
        steps = decide(jobs, entries, request.folder, existing, retry_failed=retry_failed)
        made = _run(request, steps, manifest, progress, options)
    return _conclude(steps, made)


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


def _show(folder: Path, steps: Iterable[Step]) -> None:
    """Print the plan: what becomes of each file, its path, and the start of its text."""
    lines = []
    for step in steps:
        if step.job.path is not None:
            text = " ".join(step.job.text[: 2 * TEXT_SHOWN].split())[:TEXT_SHOWN]
            lines.append(f"{step.decision.value}\t{folder / step.job.path}\t{text}\n")
    click.echo("".join(lines), nl=False)


def _run(
    request: _Request,
    steps: Sequence[Step],
    manifest: Manifest,
    progress: PlainProgress,
    options: dict[str, Any],
) -> list[Entry]:
    """Make what is missing; the entries of what was made."""
    runner = Runner(
        manifest,
        request.folder,
        lambda output: open_writer(
            request.format_name, output, request.rate, input_rate=SAMPLE_RATE
        ),
        input_rate=SAMPLE_RATE,
        rate=request.rate,
        seed=options["seed"],
    )
    runner.note_skipped(steps)
    missing = [step for step in steps if step.decision is Decision.MAKE]
    _say_what_is_there(steps, progress)
    if not missing:
        return []
    progress.note("loading the model")
    # Imported only now: torch takes a second, and wrong options should not.
    from vvcli.synthesizer import Synthesizer

    # All records count, not only those that are missing, so that a resumed run computes alike.
    total = sum(len(step.job.records) for step in steps)
    if options["streams"] == "auto" and total < FEW:
        options["streams"] = total
    synthesizer = Synthesizer(**options)
    progress.note(
        f"{synthesizer.voice.name}, {request.format_name}, {request.rate} Hz, mono, "
        f"{synthesizer.streams} streams on {synthesizer.device}"
    )
    records = [record for step in missing for record in step.job.records]
    tally, made, failed = Tally(), list[Entry](), False
    with (
        closing(synthesizer.stream(records)) as chunks,
        closing(runner.make(missing, chunks)) as events,
    ):
        for event in events:
            if isinstance(event, Entry):
                made.append(event)
                if request.fail_fast and failed:
                    progress.note(f"stopped: {len(missing) - len(made)} files are not made")
                    break
                continue
            tally.add(event)
            progress.chunk(event, tally)
            failed |= event.status is not None and event.status.value == Outcome.FAILED.value
    if runner.clipped:
        progress.note(f"{runner.clipped} samples were beyond full scale and cut: try -f f32le")
    progress.finish(tally)
    return made


def _say_what_is_there(steps: Iterable[Step], progress: PlainProgress) -> None:
    count = Counter(step.decision for step in steps)
    total = sum(count.values()) - count[Decision.BLANK]
    if count[Decision.DONE]:
        progress.note(f"{count[Decision.DONE]} of {total} files are done already")
    if count[Decision.KEEP]:
        progress.note(f"{count[Decision.KEEP]} of {total} files stay as they are")
    if count[Decision.FAILED]:
        progress.note(
            f"{count[Decision.FAILED]} of {total} files failed in an earlier run: "
            "--retry-failed tries again"
        )


def _conclude(steps: Sequence[Step], made: Sequence[Entry]) -> ExitStatus:
    """All is well only if every file is there and holds all of its text."""
    decided = Counter(step.decision for step in steps)
    ended = Counter(entry.status for entry in made)
    ended.update(
        step.entry.status for step in steps if step.decision is Decision.DONE and step.entry
    )
    if not ended[Outcome.OK] + ended[Outcome.TRUNCATED] + decided[Decision.KEEP]:
        return ExitStatus.NOTHING
    problems = ended[Outcome.TRUNCATED] + ended[Outcome.FAILED] + decided[Decision.FAILED]
    return ExitStatus.SOME_FAILED if problems else ExitStatus.OK
