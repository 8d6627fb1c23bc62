"""`vvcli models`: the models of this machine, and the way new ones come to it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from vvcli.cli.message_options import verbose_option
from vvcli.cli.types import ModelName
from vvcli.progress.visible import visible, visible_columns


@click.group()
def models() -> None:
    """List, fetch and find models."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@verbose_option
def list_command(as_json: bool) -> None:
    """Print the models on this machine: id, folder and bytes on disk, separated by tabs.

    The embedded one comes first; the others are those of its kind in the hub cache.
    """
    from vvcli.checkpoint.hub import local_models

    found = local_models()
    if as_json:
        rows = [{"id": model.id, "path": str(model.path), "size": model.size} for model in found]
        click.echo(json.dumps(rows))
        return
    for model in found:
        click.echo(visible_columns(f"{model.id}\t{model.path}\t{model.size}"))


@models.command()
@click.argument("model", metavar="ID", type=ModelName())
@verbose_option
def pull(model: str) -> None:
    """Download model ID (org/name) from the Hugging Face hub and print its folder.

    Run it again after an interruption: files that are whole are not downloaded again. If ID is a
    model folder, only a missing tokenizer is downloaded.
    """
    from vvcli.checkpoint import hub

    # The hub's bars move the cursor, which is noise in a log.
    _print_path(hub.pull(model, show_progress=os.isatty(2)))


@models.command()
@click.argument("model", metavar="ID", type=ModelName())
@verbose_option
def path(model: str) -> None:
    """Print the folder of model ID (embedded, org/name, or a folder), if it is here."""
    from vvcli.checkpoint.hub import resolve_model

    _print_path(resolve_model(model))


def _print_path(path: Path) -> None:
    """A person sees what is in a name; a program gets its bytes."""
    if sys.stdout.isatty():
        click.echo(visible(str(path)))
    else:
        click.echo(os.fsencode(path))
