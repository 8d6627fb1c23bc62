"""`vvcli format`: the options with which other programs read what `speak` writes."""

from __future__ import annotations

import json

import click

from vvcli.audio.format_hint import TOOLS, describe, hint, reads
from vvcli.audio.formats import FORMATS, check_rate
from vvcli.cli.message_options import verbose_option
from vvcli.cli.options import RATE
from vvcli.cli.types import AudioFormat, Number
from vvcli.samples import SAMPLE_RATE


@click.command()
@click.option(
    "-f",
    "--format",
    "name",
    envvar="VVCLI_FORMAT",
    type=AudioFormat(),
    default="s16le",
    show_default=True,
    help="The format that is written.",
)
@click.option(
    "-r",
    "--rate",
    envvar="VVCLI_RATE",
    type=Number(RATE),
    metavar="HZ",
    default=SAMPLE_RATE,
    show_default=True,
    help=f"Its sample rate, {RATE.low} to {RATE.high}.",
)
@click.option("--ffmpeg", "answer", flag_value="ffmpeg", help="Options for ffmpeg, before -i -.")
@click.option("--ffplay", "answer", flag_value="ffplay", help="Options for ffplay, before -i -.")
@click.option("--aplay", "answer", flag_value="aplay", help="Options for aplay.")
@click.option("--pacat", "answer", flag_value="pacat", help="Options for pacat.")
@click.option("--pw-play", "answer", flag_value="pw-play", help="Options for pw-play, before -.")
@click.option("--sox", "answer", flag_value="sox", help="Options for sox or play, before -.")
@click.option("--mpv", "answer", flag_value="mpv", help="Options for mpv, before -.")
@click.option("--json", "answer", flag_value="json", help="Everything, for programs.")
@verbose_option
def format(name: str, rate: int, answer: str | None) -> None:  # noqa: A001
    """Say how other programs read the audio.

    \b
    vvcli speak ... | ffmpeg $(vvcli format --ffmpeg) -i - speech.opus
    vvcli speak ... | aplay $(vvcli format --aplay)
    """
    if answer == "json":
        click.echo(json.dumps(describe(name, rate)))
    elif answer:
        click.echo(" ".join(hint(answer, name, rate)))
    else:
        click.echo("\n".join(_overview(name, rate)))


def _overview(name: str, rate: int) -> list[str]:
    check_rate(name, rate)
    return [
        f"{name}: {FORMATS[name].description}, {rate} Hz, mono",
        *(f"{tool:7} {' '.join(hint(tool, name, rate))}" for tool in TOOLS if reads(tool, name)),
    ]
