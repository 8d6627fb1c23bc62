"""Options that several commands share: the same name means the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from vvcli.audio.formats import FORMATS
from vvcli.cli.completion import complete_model, complete_voice
from vvcli.cli.types import FiniteFloat, parse_streams
from vvcli.progress.report import MODES
from vvcli.script.record import MAX_SEED

Command = TypeVar("Command", bound=Callable[..., Any])


def _together(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """One decorator for several options, listed in this order by --help."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


model_option = click.option(
    "-m",
    "--model",
    envvar="VVCLI_MODEL",
    default="embedded",
    show_default=True,
    shell_complete=complete_model,
    help="embedded, a model folder, or a hub id.",
)

voice_option = click.option(
    "-V",
    "--voice",
    envvar="VVCLI_VOICE",
    metavar="NAME|FILE",
    shell_complete=complete_voice,
    help="Voice; default: the model's first.",
)

device_option = click.option(
    "--device",
    envvar="VVCLI_DEVICE",
    default="auto",
    show_default=True,
    help="auto, cpu, cuda or cuda:N.",
)

dtype_option = click.option(
    "--dtype",
    envvar="VVCLI_DTYPE",
    type=click.Choice(["auto", "float32", "bfloat16", "float64"]),
    default="auto",
    show_default=True,
    help="auto: bfloat16 on CUDA, float32 on a CPU.",
)

steps_option = click.option(
    "--steps",
    envvar="VVCLI_STEPS",
    type=click.IntRange(1, 999),
    default=5,
    show_default=True,
    help="Solver steps per frame.",
)

synthesis_options = _together(
    model_option,
    voice_option,
    click.option(
        "--seed",
        envvar="VVCLI_SEED",
        type=click.IntRange(0, MAX_SEED),
        default=0,
        show_default=True,
        help="Picks the noise.",
    ),
    click.option(
        "--cfg-scale",
        envvar="VVCLI_CFG_SCALE",
        type=FiniteFloat(0, 100),
        default=1.5,
        show_default=True,
        help="Classifier-free guidance.",
    ),
    steps_option,
    click.option(
        "-j",
        "--streams",
        envvar="VVCLI_STREAMS",
        metavar="N|auto",
        callback=parse_streams,
        default="auto",
        show_default=True,
        help="Records spoken at the same time.",
    ),
    click.option(
        "--split",
        envvar="VVCLI_SPLIT",
        type=click.Choice(["sentence", "none"]),
        default="sentence",
        show_default=True,
        help="Where to cut a record that is longer than the model's context.",
    ),
    click.option(
        "--max-ahead",
        type=FiniteFloat(0),
        metavar="SECONDS",
        help="Audio made ahead of what is written, before no further record is started.",
    ),
    device_option,
    dtype_option,
    click.option(
        "--deterministic",
        is_flag=True,
        help="The same bits however many records are spoken at once; slower for few.",
    ),
    click.option(
        "--require-graphs",
        is_flag=True,
        help="Fail where CUDA graphs cannot be used, rather than run slower without.",
    ),
)


def gap_option(what: str) -> Callable[[Command], Command]:
    """`--gap`, with what it is in this command as its help."""
    return click.option(
        "--gap",
        envvar="VVCLI_GAP",
        type=FiniteFloat(0, 3600),
        default=0.2,
        show_default=True,
        help=what,
    )


format_options = _together(
    click.option(
        "-f",
        "--format",
        "format_name",
        envvar="VVCLI_FORMAT",
        type=click.Choice(list(FORMATS)),
        help="Audio format; default: by the suffix of the file.",
    ),
    click.option(
        "-r",
        "--rate",
        envvar="VVCLI_RATE",
        type=click.IntRange(1),
        metavar="HZ",
        help="Sample rate; default: the model's 24000.",
    ),
)

progress_options = _together(
    click.option("-q", "--quiet", is_flag=True, help="Say only what goes wrong."),
    click.option("-v", "--verbose", is_flag=True, help="Show where an error came from."),
    click.option(
        "--progress",
        "progress_mode",
        envvar="VVCLI_PROGRESS",
        type=click.Choice(MODES),
        default="auto",
        show_default=True,
        help="auto: a bar on a terminal, plain lines elsewhere.",
    ),
    click.option(
        "--summary",
        metavar="FILE|-",
        help="Write the figures of the run as JSON; - is standard output.",
    ),
)
