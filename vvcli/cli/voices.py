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
    from vvcli.checkpoint.model_folder import ModelFolder

    known = ModelFolder(model).voices
    found = known.files()
    if as_json:
        rows = [{"name": voice.name, "path": str(voice.path)} for voice in found]
        click.echo(json.dumps(rows))
        return
    for voice in found:
        click.echo(visible_columns(f"{voice.name}\t{voice.path}"))
    if not found:
        click.echo(visible(f"no voices in {' or '.join(map(str, known.folders))}"), err=True)


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
