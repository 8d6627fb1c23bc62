"""The options that say how fast, how loud and how sound speech is, and who hears it."""

from __future__ import annotations

import click

from vvcli.cli.message_options import together
from vvcli.cli.types import Number
from vvcli.script.limits import LOUDNESS, RETRY, SPEED

CUE_BY = ("record", "sentence")

sound_options = together(
    click.option(
        "--speed",
        envvar="VVCLI_SPEED",
        type=Number(SPEED),
        metavar="X",
        default=1.0,
        show_default=True,
        help=f"Speak X times as fast at the same pitch, {SPEED.low} to {SPEED.high}.",
    ),
    click.option(
        "--loudness",
        type=Number(LOUDNESS),
        metavar="LUFS",
        help="Bring each file to this loudness, such as -16; its true peak stays below -1 dBFS.",
    ),
    click.option(
        "--retry",
        "retries",
        type=Number(RETRY),
        metavar="N",
        default=0,
        show_default=True,
        help="Speak what is broken again, up to N times, and keep the best.",
    ),
)

play_option = click.option(
    "--play", is_flag=True, help="Play the audio; it is written as well where -o says so."
)

cue_by_option = click.option(
    "--cue-by",
    type=click.Choice(CUE_BY),
    default="record",
    show_default=True,
    help="Speak sentence by sentence, with a cue for each.",
)
