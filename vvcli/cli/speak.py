"""`vvcli speak`: text in, one ordered audio stream out."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from vvcli.audio.cues import check_cues, open_cues
from vvcli.audio.descriptors import is_stdout
from vvcli.audio.output import Output, check_output, open_output
from vvcli.audio.track import ON_ERROR, Track
from vvcli.audio.writer import check_writer, open_writer
from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.cli.audio_format import choose_format
from vvcli.cli.dialogue import check_dialogue, open_dialogue
from vvcli.cli.environment import STDERR, Environment
from vvcli.cli.exit_status import ExitStatus
from vvcli.cli.file_conflicts import FileConflicts
from vvcli.cli.inputs import TextSource, find_form, note_file_names, open_records
from vvcli.cli.memory import check_room_for_torch
from vvcli.cli.message_options import progress_options
from vvcli.cli.options import format_options, gap_option, synthesis_options
from vvcli.cli.preflight import Preflight, list_records
from vvcli.cli.summary import check_summary, write_summary
from vvcli.cli.synthesizer import open_synthesizer
from vvcli.cli.text_options import (
    dialogue_options,
    markdown_option,
    take_text_arguments,
    text_options,
)
from vvcli.cli.types import FileName, Number, Text, was_typed
from vvcli.progress.report import open_progress
from vvcli.progress.tally import Tally, count
from vvcli.samples import SAMPLE_RATE
from vvcli.script.limits import FOLLOW_MS


@click.command()
@click.argument("text", nargs=-1, metavar="[TEXT]...")
@click.option(
    "-i",
    "--input",
    "files",
    multiple=True,
    metavar="FILE",
    type=FileName(),
    help="Read FILE; - is standard input.",
)
@click.option("-0", "--null", is_flag=True, help="Records end in NUL, not in newline.")
@click.option("--paragraphs", is_flag=True, help="Records are blocks between blank lines.")
@click.option("--jsonl", is_flag=True, help="Records are JSON objects, one a line.")
@click.option(
    "--delimiter",
    metavar="STRING",
    type=Text(),
    help="Lines are an id, STRING, and the text: with '|', `id|text`.",
)
@markdown_option
@dialogue_options
@click.option("--follow", is_flag=True, help="Speak text that flows without newlines.")
@click.option(
    "--follow-ms",
    type=Number(FOLLOW_MS),
    metavar="MS",
    default=300,
    show_default=True,
    help="Milliseconds of silence after which --follow speaks what there is.",
)
@synthesis_options
@text_options
@gap_option("Seconds of silence between records.")
@click.option(
    "--on-error",
    type=click.Choice(ON_ERROR),
    default="skip",
    show_default=True,
    help="What stands for a record that cannot be spoken.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE|-",
    type=FileName(),
    help="Write to FILE, which appears when it is whole.",
)
@format_options
@click.option(
    "--cues",
    metavar="FILE",
    type=FileName(),
    help="Write where each record is, to a .jsonl, .srt or .vtt file.",
)
@click.option("--dry-run", is_flag=True, help="List what would be spoken and what would fail.")
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
    markdown: bool,
    dialogue: bool,
    cast: str | None,
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
    progress_mode: str,
    summary: str | None,
    **options: Any,
) -> ExitStatus:
    """Speak TEXT, the lines of files, or standard input, as one audio stream in input order.

    Each line is a record; audio of the first one is written before the next line has arrived.
    Without -o, raw 24 kHz mono samples go to standard output.

    \b
    vvcli speak "Hello there." | aplay $(vvcli format --aplay)
    vvcli speak -i script.txt -o speech.wav
    cat script.txt | vvcli speak > speech.pcm
    """
    environment: Environment = context.obj
    if text == ("-",):
        text, files = (), (*files, "-")
    form = find_form(
        null=null,
        paragraphs=paragraphs,
        jsonl=jsonl,
        delimiter=delimiter,
        markdown=markdown,
        follow=follow,
    )
    reading = take_text_arguments(options)
    check_dialogue(form, dialogue=dialogue, cast=cast)
    source = TextSource(text, files, form, delimiter or "|", follow_ms / 1000)
    if output is not None and is_stdout(output):
        output = "-"
    check_summary(summary, audio_to_stdout=output in (None, "-"))
    conflicts = FileConflicts(environment)
    if not text:
        conflicts.reads("-i", files or ("-",))
    conflicts.reads_model(options["model"], options["voice"])
    for option, name in (("-o", output or "-"), ("--cues", cues), ("--summary", summary)):
        conflicts.writes(option, name)
    records, total = open_records(environment, source)
    model = ModelFolder(options["model"])
    if dialogue:
        lines = open_dialogue(model.voices, options["voice"], cast)
        records = lines.read(records)
        if not quiet:
            lines.tell(environment)
    typed = was_typed(context, "format_name")
    format_name = choose_format(output, format_name, typed=typed)
    rate = rate or SAMPLE_RATE
    check_writer(format_name, rate, SAMPLE_RATE)
    if cues is not None:
        check_cues(Path(cues))
    if not quiet:
        note_file_names(environment, text)
    if dry_run:
        for name in (output, cues):
            if name not in (None, "-"):
                check_output(Path(str(name)))
        voice = options["voice"]
        preflight = Preflight(model, lambda own: model.voices.find(own or voice).name, **reading)
        stop = on_error == "stop"
        return _status(
            environment,
            list_records(environment, preflight, records, stop_on_error=stop, quiet=quiet),
        )

    tally = Tally()
    with ExitStack() as stack:
        target = stack.enter_context(_open(environment, output))
        marks = stack.enter_context(open_cues(Path(cues), rate)) if cues is not None else None
        mode = "none" if quiet else progress_mode
        progress = open_progress(mode, environment.stderr, STDERR, total)
        stack.callback(progress.close)
        progress.note("loading the model")
        check_room_for_torch()
        # Imported only now: torch takes a second, and wrong options should not.
        from vvcli.cli.read_aloud import read_aloud

        if total and options["streams"] == "auto" and total.records < 8:
            options["streams"] = max(1, total.records)
        synthesizer = open_synthesizer(options | reading | {"model": model}, format_name, rate)
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
