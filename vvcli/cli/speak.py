"""`vvcli speak`: text in, one ordered audio stream out."""

from __future__ import annotations

from typing import Any

import click

from vvcli.audio.track import ON_ERROR
from vvcli.cli.environment import Environment
from vvcli.cli.exit_status import ExitStatus
from vvcli.cli.help_groups import GroupedCommand
from vvcli.cli.message_options import progress_options
from vvcli.cli.options import format_options, gap_option, synthesis_options
from vvcli.cli.server_options import server_options, take_server
from vvcli.cli.sound_options import cue_by_option, play_option, sound_options
from vvcli.cli.speak_plan import prepare, take_request
from vvcli.cli.speak_run import run_speak
from vvcli.cli.text_options import form_options, take_text_arguments, text_options
from vvcli.cli.types import FileName, Number, was_typed
from vvcli.script.limits import FOLLOW_MS


@click.command(cls=GroupedCommand)
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
@form_options
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
@sound_options
@text_options
@server_options
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
@cue_by_option
@play_option
@click.option("--dry-run", is_flag=True, help="List what would be spoken and what would fail.")
@progress_options
@click.pass_context
def speak(context: click.Context, /, **options: Any) -> ExitStatus:
    """Speak TEXT, the lines of files, or standard input, as one audio stream in input order.

    Each line is a record; audio of the first one is written before the next line has arrived.
    Without -o, raw 24 kHz mono samples go to standard output.

    \b
    vvcli speak "Hello there." | aplay $(vvcli format --aplay)
    vvcli speak -i script.txt -o speech.wav
    cat script.txt | vvcli speak > speech.pcm
    """
    environment: Environment = context.obj
    typed = {name for name in options if was_typed(context, name)}
    server = take_server(context, options)
    request = take_request(options, typed)
    reading = take_text_arguments(options)
    if request.dry_run:
        server = None
    prepared = prepare(environment, request, options, server)
    if request.dry_run:
        from vvcli.cli.speak_dry_run import list_speech  # the front end, which a server has

        tally = list_speech(environment, request, prepared, options["voice"], reading)
    else:
        spoken = {"by_sentence": request.is_by_sentence, "retries": request.retries}
        tally = run_speak(environment, request, prepared, options | reading | spoken)
    if not tally.spoken:
        if not tally.failed:
            environment.say("nothing to speak: the input held no text")
        return ExitStatus.NOTHING
    return ExitStatus.SOME_FAILED if tally.failed or tally.truncated else ExitStatus.OK
