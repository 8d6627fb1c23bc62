"""Options that several commands share: the same name means the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from vvcli.audio.formats import MAX_RATE, MIN_RATE
from vvcli.cli.message_options import together
from vvcli.cli.types import AudioFormat, Device, ModelName, Number, VoiceName
from vvcli.script.limits import (
    CFG_SCALE,
    MAX_AHEAD,
    SEED,
    SILENCE,
    STEPS,
    STREAMS,
    THREADS,
    WORKERS,
    Limits,
)
from vvcli.speech.parameters import DTYPES

Command = TypeVar("Command", bound=Callable[..., Any])

model_option = click.option(
    "-m",
    "--model",
    envvar="VVCLI_MODEL",
    metavar="MODEL",
    type=ModelName(),
    default="embedded",
    show_default=True,
    help="A model folder, or the id of a model that `vvcli models pull` has fetched.",
)

voice_option = click.option(
    "-V",
    "--voice",
    envvar="VVCLI_VOICE",
    metavar="NAME|FILE",
    type=VoiceName(),
    help="A voice of `vvcli voices list`, or a voice file; default: the model's own.",
)

device_option = click.option(
    "--device",
    envvar="VVCLI_DEVICE",
    metavar="DEVICE",
    type=Device(),
    default="auto",
    show_default=True,
    help="cpu, cuda or cuda:N; auto: the first CUDA device, else the CPU.",
)

dtype_option = click.option(
    "--dtype",
    envvar="VVCLI_DTYPE",
    type=click.Choice(DTYPES),
    default="auto",
    show_default=True,
    help="auto: bfloat16 on CUDA (float16 below 8.0), float32 on a CPU.",
)

steps_option = click.option(
    "--steps",
    envvar="VVCLI_STEPS",
    type=Number(STEPS),
    metavar="N",
    help=f"Solver steps per frame, {STEPS.low} to {STEPS.high}: more take longer. "
    "Default: the model's own, or 5.",
)

_BEFORE_DEVICE = together(
    model_option,
    voice_option,
    click.option(
        "--seed",
        envvar="VVCLI_SEED",
        type=Number(SEED),
        metavar="N",
        default=0,
        show_default=True,
        help="Another number speaks the same text a little differently.",
    ),
    click.option(
        "--cfg-scale",
        envvar="VVCLI_CFG_SCALE",
        type=Number(CFG_SCALE),
        metavar="X",
        help=f"Classifier-free guidance, {CFG_SCALE.low} to {CFG_SCALE.high}: how closely the "
        "speech keeps to the text. Default: the model's own, or 1.5.",
    ),
    steps_option,
    click.option(
        "-j",
        "--streams",
        envvar="VVCLI_STREAMS",
        metavar="N|auto",
        type=Number(STREAMS),
        default="auto",
        show_default=True,
        help=f"Records spoken at the same time on a device, {STREAMS.low} to {STREAMS.high}.",
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
        type=Number(MAX_AHEAD),
        metavar="SECONDS",
        help="Audio made ahead of what is written, before no further record is started; "
        "default: enough for all streams.",
    ),
)

several_devices = together(
    click.option(
        "--device",
        envvar="VVCLI_DEVICE",
        metavar="DEVICE",
        type=Device(several=True),
        default="auto",
        show_default=True,
        help="cpu, cuda, cuda:N, or several: cuda:0,1 or cuda:all; auto: the first CUDA device, "
        "else the CPU.",
    ),
    click.option(
        "--workers",
        envvar="VVCLI_WORKERS",
        type=Number(WORKERS),
        metavar="N",
        default=1,
        show_default=True,
        help="Processes that speak on a CPU of many cores, each with its share of them.",
    ),
)

_AFTER_DEVICE = together(
    click.option(
        "--threads",
        envvar="VVCLI_THREADS",
        type=Number(THREADS),
        metavar="N",
        default="auto",
        show_default=True,
        help="Threads of a worker on a CPU; auto: one a core, at most 4 for a small model.",
    ),
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

synthesis_options = together(_BEFORE_DEVICE, several_devices, _AFTER_DEVICE)


def gap_option(what: str) -> Callable[[Command], Command]:
    """`--gap`, with what it is in this command as its help."""
    return click.option(
        "--gap",
        envvar="VVCLI_GAP",
        type=Number(SILENCE),
        metavar="SECONDS",
        default=0.2,
        show_default=True,
        help=what,
    )


RATE = Limits(MIN_RATE, MAX_RATE, whole=True)

format_options = together(
    click.option(
        "-f",
        "--format",
        "format_name",
        envvar="VVCLI_FORMAT",
        type=AudioFormat(),
        help="Audio format; default: by the suffix of the file, s16le without one. ogg is opus.",
    ),
    click.option(
        "-r",
        "--rate",
        envvar="VVCLI_RATE",
        type=Number(RATE),
        metavar="HZ",
        help=f"Sample rate, {MIN_RATE} to {MAX_RATE}; default: the model's 24000.",
    ),
)
