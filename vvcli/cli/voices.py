"""`vvcli voices`: what can be spoken with, and voices in a format that cannot run code."""

from __future__ import annotations

import json
from pathlib import Path

import click

from vvcli.cli.environment import Environment
from vvcli.cli.file_conflicts import FileConflicts
from vvcli.cli.memory import check_room_for_torch
from vvcli.cli.message_options import verbose_option
from vvcli.cli.options import model_option
from vvcli.cli.types import FileName
from vvcli.errors import UsageError
from vvcli.progress.visible import visible, visible_columns


@click.group()
def voices() -> None:
    """List voices, or convert one to safetensors."""


@voices.command("list")
@model_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@verbose_option
def list_command(model: str, as_json: bool) -> None:
    """Print each voice's name and file, separated by a tab.

    The model's own voices come first; one of the user's with the same name is hidden.
    """
    from vvcli.checkpoint.hub import resolve_model
    from vvcli.checkpoint.voice_search import list_voices, voice_folders

    folders = voice_folders(resolve_model(model))
    found = list_voices(folders)
    if as_json:
        click.echo(json.dumps([{"name": path.stem, "path": str(path)} for path in found]))
        return
    for path in found:
        click.echo(visible_columns(f"{path.stem}\t{path}"))
    if not found:
        click.echo(visible(f"no voices in {' or '.join(map(str, folders))}"), err=True)


@voices.command()
@click.argument("source", metavar="INPUT", type=FileName(path_type=Path))
@click.argument("target", metavar="OUTPUT", type=FileName(path_type=Path))
@click.option("--force", is_flag=True, help="Replace OUTPUT if it is there.")
@verbose_option
@click.pass_obj
def convert(environment: Environment, source: Path, target: Path, force: bool) -> None:
    """Write the voice file INPUT (.pt) as OUTPUT (.safetensors).

    The content stays the same, bit by bit. A .pt file is a pickle, which other programs may
    execute; a .safetensors file is data.
    """
    if target.suffix != ".safetensors":
        raise UsageError(f"{target} must end in .safetensors, so that it is read as such")
    conflicts = FileConflicts(environment)
    conflicts.reads("INPUT", [source])
    conflicts.writes("OUTPUT", target)
    if target.exists() and not force:
        raise UsageError(f"{target} is there already: give another name, or --force")

    check_room_for_torch()
    from vvcli.checkpoint.voices import read_voice_tensors, save_voice

    save_voice(read_voice_tensors(source), target)
