"""`vvcli warm`: compiles kernels ahead of the first record, for images and nodes of a cluster."""

from __future__ import annotations

import click

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.cli.memory import check_room_for_torch
from vvcli.cli.message_options import verbose_option
from vvcli.cli.options import device_option, model_option, steps_option
from vvcli.cli.types import Number
from vvcli.script.limits import STREAMS

# Of cards that people have: where kernels run, and what `bench/compile_targets.py` compiles for.
CAPABILITIES = ("8.0", "8.6", "8.9", "9.0", "10.0", "12.0")


@click.command()
@model_option
@device_option
@click.option(
    "--capability",
    type=click.Choice(CAPABILITIES),
    help="Compile for cards of this compute capability, which need not be here.",
)
@click.option(
    "-j",
    "--streams",
    type=Number(STREAMS),
    metavar="N|auto",
    default="auto",
    show_default=True,
    help="For up to so many records at the same time, as `speak` and `batch` are told.",
)
@steps_option
@verbose_option
def warm(
    model: str, device: str, capability: str | None, streams: int | str, steps: int | None
) -> None:
    """Compile the kernels of every number of records ahead, so that the first word comes sooner.

    They are kept in Triton's cache. On a CPU there is nothing to compile.
    """
    folder = ModelFolder(model)
    check_room_for_torch()
    from vvcli.speech.kernels import compile_all

    found = compile_all(folder, device, capability, streams, steps)
    if found is None:
        click.echo("nothing to compile: kernels run on a GPU, and this is a CPU or too old a card")
        return
    click.echo(
        f"compute capability {found.capability}: {found.compiled} kernels compiled, "
        f"for up to {found.streams} records at the same time"
    )
