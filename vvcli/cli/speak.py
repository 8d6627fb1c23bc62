"""`vvcli speak`: text in, one ordered audio stream out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from vvcli.audio.cues import check_cues, open_cues
from vvcli.audio.formats import FORMATS, format_from_name
from vvcli.audio.output import Output, open_output
from vvcli.audio.track import ON_ERROR, Track
from vvcli.audio.writer import check_writer, open_writer
from vvcli.cli.environment import STDERR, Environment
from vvcli.cli.exit_status import ExitStatus
from vvcli.cli.inputs import Input, find_form, open_records
from vvcli.cli.options import (
    format_options,
    gap_option,
    progress_options,
    synthesis_options,
)
from vvcli.cli.summary import check_summary, write_summary
from vvcli.cli.synthesizer import open_synthesizer
from vvcli.cli.types import was_typed
from vvcli.errors import UsageError
from vvcli.model.config import SAMPLE_RATE
from vvcli.progress.report import open_progress
from vvcli.progress.tally import Tally, count
from vvcli.script.record import Record


@click.command()
@click.argument("text", nargs=-1)
@click.option(
    "-i",
    "--input",
    "files",
    multiple=True,
    metavar="FILE",
    help="Read FILE; - is standard input.",
)
@click.option("-0", "--null", is_flag=True, help="Records end in NUL, not in newline.")
@click.option("--paragraphs", is_flag=True, help="Records are blocks between blank lines.")
@click.option("--jsonl", is_flag=True, help="Records are JSON objects, one a line.")
@click.option(
    "--delimiter", metavar="STRING", help="Lines are an id, STRING, and the text, as in `id|text`."
)
@click.option("--follow", is_flag=True, help="Speak text that flows without newlines.")
@click.option(
    "--follow-ms",
    type=click.IntRange(1, 3_600_000),
    default=300,
    show_default=True,
    help="Milliseconds of silence after which --follow speaks what there is.",
)
@synthesis_options
@gap_option("Seconds of silence between records.")
@click.option(
    "--on-error",
    type=click.Choice(ON_ERROR),
    default="skip",
    show_default=True,
    help="What stands for a record that cannot be spoken.",
)
@click.option(
    "-o", "--output", metavar="FILE|-", help="Write to FILE, which appears when it is whole."
)
@format_options
@click.option(
    "--cues", metavar="FILE", help="Write where each record is, to a .jsonl, .srt or .vtt file."
)
@click.option("--dry-run", is_flag=True, help="List the records, and speak nothing.")
@progress_options
@click.pass_context
def speak(
    context: click.Context,
    /,
    text: tuple[str, ...],
    files: tuple[str, ...],
    null: bool,
    paragraphs: bool,
    jsonl: bool,
    delimiter: str | None,
    follow: bool,
    follow_ms: int,
    gap: float,
    on_error: str,
    output: str | None,
    format_name: str | None,
    rate: int | None,
    cues: str | None,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
    progress_mode: str,
    summary: str | None,
    **options: Any,
) -> ExitStatus:
    """Speak TEXT, the lines of files, or standard input, as one audio stream in input order.

    Each line is a record; audio of the first one is written before the next line has arrived.
    Without -o, raw 24 kHz mono samples go to standard output.
    """
    environment: Environment = context.obj
    environment.verbose = verbose
    if delimiter == "":
        raise UsageError("--delimiter is empty")
    form = find_form(
        null=null, paragraphs=paragraphs, jsonl=jsonl, delimiter=delimiter, follow=follow
    )
    source = Input(text, files, form, delimiter or "|", follow_ms / 1000)
    records, total = open_records(environment, source)
    if dry_run:
        return _list(environment, records, quiet=quiet)
    if format_name is None or not was_typed(context, "format_name"):
        format_name = _format_for(output, format_name)
    rate = rate or SAMPLE_RATE
    check_writer(format_name, rate, SAMPLE_RATE)
    check_summary(summary, audio_to_stdout=output in (None, "-"))
    if cues is not None:
        check_cues(Path(cues))

    tally = Tally()
    with ExitStack() as stack:
        target = stack.enter_context(_open(environment, output))
        marks = stack.enter_context(open_cues(Path(cues), rate)) if cues is not None else None
        mode = "none" if quiet else progress_mode
        progress = open_progress(mode, environment.stderr, STDERR, total)
        stack.callback(progress.close)
        progress.note("loading the model")
        # Imported only now: torch takes a second, and wrong options should not.
        from vvcli.read_aloud import read_aloud

        if total and options["streams"] == "auto" and total.records < 8:
            options["streams"] = max(1, total.records)
        synthesizer = open_synthesizer(options, format_name, rate)
        progress.note(
            f"{synthesizer.voice.name}, {format_name}, {rate} Hz, mono, "
            f"{count(synthesizer.streams, 'stream')} on {synthesizer.device}"
        )
        writer = open_writer(format_name, target, rate, input_rate=SAMPLE_RATE)
        track = Track(writer, gap, on_error=on_error, cues=marks)
        read_aloud(synthesizer, records, track, tally, progress, stop_on_error=on_error == "stop")
        if tally.spoken:
            writer.finish()
        else:
            target.abandon()  # an older file of that name stays
        clipped = writer.clipped + synthesizer.clipped
        if clipped:
            progress.note(f"{clipped} samples were beyond full scale and cut: try -f f32le")
        if tally.spoken:
            progress.finish(tally)
    write_summary(
        summary,
        tally,
        samples=writer.samples,
        clipped=clipped,
        rate=rate,
        format=format_name,
        model=options["model"],
        voice=synthesizer.voice.name,
        device=str(synthesizer.device),
        streams=synthesizer.streams,
    )
    return _status(environment, tally)


def _list(environment: Environment, records: Iterable[Record], *, quiet: bool) -> ExitStatus:
    """Print what would be spoken: one JSON object a record."""
    good = bad = 0
    for record in records:
        if record.error is not None:
            environment.say(record.error)
            bad += 1
        elif not record.is_blank:
            listed = {"index": record.index, "source": record.source, "id": record.id}
            listed |= {"characters": len(record.text), "text": record.text}
            click.echo(
                json.dumps({key: value for key, value in listed.items() if value is not None})
            )
            good += 1
    if not quiet:
        environment.say(
            f"{count(good, 'record')} would be spoken" + (f", {bad} not" if bad else "")
        )
    if not good:
        return ExitStatus.NOTHING
    return ExitStatus.SOME_FAILED if bad else ExitStatus.OK


def _format_for(output: str | None, preferred: str | None) -> str:
    """What a file's suffix says, else what the user prefers; pipes and devices get raw samples.

    Raises:
        UsageError: the suffix says nothing, and the user did not, either.
    """
    path = None if output in (None, "-") else Path(str(output))
    if path is None or (path.exists() and not path.is_file()):
        return preferred or "s16le"
    found = format_from_name(path) or preferred
    if found is None:
        raise UsageError(
            f"the name {path} does not say in which format to write it: "
            f"give -f with one of {', '.join(FORMATS)}"
        )
    return found


def _open(environment: Environment, output: str | None) -> Output:
    if output in (None, "-"):
        return Output(environment.take_stdout(), "standard output")
    return open_output(Path(str(output)))


def _status(environment: Environment, tally: Tally) -> ExitStatus:
    if not tally.spoken:
        if not tally.failed:
            environment.say("nothing to speak: the input held no text")
        return ExitStatus.NOTHING
    return ExitStatus.SOME_FAILED if tally.failed or tally.truncated else ExitStatus.OK
