"""`vvcli speak`: lines of text in, one ordered audio stream out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from vvcli.audio.output import Output, open_output
from vvcli.audio.writer import FORMATS, AudioWriter, open_writer
from vvcli.cli.environment import Environment
from vvcli.cli.exit_status import ExitStatus
from vvcli.cli.types import FiniteFloat, parse_streams
from vvcli.errors import UsageError
from vvcli.model.config import SAMPLE_RATE
from vvcli.progress.plain import PlainProgress
from vvcli.progress.tally import Tally
from vvcli.script.lines import split_lines
from vvcli.script.record import Record
from vvcli.script.sources import check_files, read_files
from vvcli.utterance import Chunk

MAX_SEED = 2**64 - 1


@click.command()
@click.argument("text", nargs=-1)
@click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    metavar="FILE",
    help="Read lines from FILE; - is stdin.",
)
@click.option("-m", "--model", envvar="VVCLI_MODEL", required=True, help="Model folder or hub id.")
@click.option("-V", "--voice", metavar="NAME|FILE", help="Voice; default: the model's first.")
@click.option(
    "--seed",
    type=click.IntRange(0, MAX_SEED),
    default=0,
    show_default=True,
    help="Picks the noise.",
)
@click.option(
    "--cfg-scale",
    type=FiniteFloat(0, 100),
    default=1.5,
    show_default=True,
    help="Classifier-free guidance.",
)
@click.option(
    "--steps",
    type=click.IntRange(1, 999),
    default=5,
    show_default=True,
    help="Solver steps per frame.",
)
@click.option(
    "-j",
    "--streams",
    metavar="N|auto",
    callback=parse_streams,
    default="auto",
    show_default=True,
    help="Records spoken at the same time.",
)
@click.option(
    "--gap",
    type=FiniteFloat(0, 3600),
    default=0.2,
    show_default=True,
    help="Seconds of silence between records.",
)
@click.option(
    "-o", "--output", metavar="FILE|-", help="Write to FILE, which appears when it is whole."
)
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    help="Sample format; default: wav for a FILE ending in .wav, else s16le.",
)
@click.option("--device", default="auto", show_default=True, help="cpu, cuda or cuda:N.")
@click.option(
    "--dtype",
    type=click.Choice(["auto", "float32", "bfloat16", "float64"]),
    default="auto",
    show_default=True,
    help="auto: bfloat16 on CUDA, float32 on a CPU.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say only what goes wrong.")
@click.option("-v", "--verbose", is_flag=True, help="Show where an error came from.")
@click.pass_obj
def speak(
    environment: Environment,
    /,
    text: tuple[str, ...],
    inputs: tuple[str, ...],
    output: str | None,
    format_name: str | None,
    gap: float,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> ExitStatus:
    """Speak TEXT, the lines of files, or standard input, as one audio stream in input order.

    Each line is a record; audio of the first one is written before the next line has arrived.
    Without -o, raw 24 kHz mono samples go to standard output.
    """
    environment.verbose = verbose
    records = _records(environment, text, inputs)
    format_name = format_name or _format_for(output)
    with _open(environment, output) as target:
        progress = PlainProgress(environment.stderr, quiet=quiet)
        tally = Tally()
        progress.note("loading the model")
        # Imported only now: torch takes a second, and wrong options should not.
        from vvcli.synthesizer import Synthesizer

        if isinstance(records, list) and options["streams"] == "auto":
            options["streams"] = max(1, len(records)) if len(records) < 8 else "auto"
        synthesizer = Synthesizer(**options)
        progress.note(
            f"{synthesizer.voice.name}, {format_name}, {SAMPLE_RATE} Hz, mono, "
            f"{synthesizer.streams} streams on {synthesizer.device}"
        )
        writer = open_writer(format_name, target, SAMPLE_RATE)
        with closing(synthesizer.stream(records)) as chunks:
            _write(chunks, writer, gap, tally, progress)
        if tally.spoken:
            writer.finish()
        else:
            target.abandon()  # an older file of that name stays
    return _conclude(environment, tally, writer, progress)


def _records(
    environment: Environment, text: tuple[str, ...], inputs: tuple[str, ...]
) -> Iterable[Record]:
    """The run's records: words on the command line are one text, as with `say` and `echo`."""
    if text and inputs:
        raise UsageError("give either TEXT or -i FILE, not both")
    if text:
        return list(split_lines(" ".join(text), "TEXT"))
    paths = [Path(name) for name in inputs or ("-",)]
    if Path("-") in paths:
        if environment.stdin in environment.closed:
            raise UsageError("nothing to speak: standard input is closed")
        if os.isatty(environment.stdin) and not inputs:
            raise UsageError(
                "nothing to speak: give TEXT, -i FILE, or pipe lines in, "
                "as in `cat script.txt | vvcli speak -m MODEL > out.pcm`"
            )
    check_files(paths)
    return read_files(paths, environment.stdin)


def _format_for(output: str | None) -> str:
    return "wav" if output and output.lower().endswith(".wav") else "s16le"


def _open(environment: Environment, output: str | None) -> Output:
    if output in (None, "-"):
        return Output(environment.take_stdout(), "standard output")
    return open_output(Path(str(output)))


def _write(
    chunks: Iterable[Chunk],
    writer: AudioWriter,
    gap: float,
    tally: Tally,
    progress: PlainProgress,
) -> None:
    """Write audio as it comes, with a gap before every record but the first that has any."""
    gap_due, in_record = False, False
    for chunk in chunks:
        if len(chunk.samples):
            if gap_due and not in_record:
                writer.silence(round(gap * SAMPLE_RATE))
            gap_due = in_record = True
            writer.write(chunk.samples)
        if chunk.status is not None:
            in_record = False
        tally.add(chunk)
        progress.chunk(chunk, tally)


def _conclude(
    environment: Environment, tally: Tally, writer: AudioWriter, progress: PlainProgress
) -> ExitStatus:
    if writer.clipped:
        progress.note(f"{writer.clipped} samples were beyond full scale and cut: try -f f32le")
    if not tally.spoken:
        if not tally.failed:
            environment.say("nothing to speak: the input held no text")
        return ExitStatus.NOTHING
    progress.finish(tally)
    return ExitStatus.SOME_FAILED if tally.failed or tally.truncated else ExitStatus.OK
