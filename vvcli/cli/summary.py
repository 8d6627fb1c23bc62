"""`--summary`: the figures of a run as JSON, for scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from vvcli import __version__
from vvcli.audio.descriptors import is_stdout
from vvcli.audio.output_file import check_output, write_file
from vvcli.errors import UsageError
from vvcli.progress.tally import Tally


def check_summary(where: str | None, *, audio_to_stdout: bool = False) -> None:
    """Refuse a summary that would get between the samples or could not be written.

    Raises:
        UsageError: both want standard output, or the file is a link.
        OutputError: the file cannot be written.
    """
    if where is None:
        return
    if not is_stdout(where):
        check_output(Path(where))
    elif audio_to_stdout:
        raise UsageError("--summary - and the audio both want standard output: add -o FILE")


def write_summary(where: str | None, tally: Tally, **facts: Any) -> None:
    """Write the figures of `tally`, and `facts`, to the file or standard output `where`.

    Raises:
        UsageError: another process is writing the file, or it is a link.
        OutputError: the file cannot be written.
    """
    if where is None:
        return
    line = json.dumps({**tally.to_dict(), **facts, "vvcli": __version__})
    if is_stdout(where):
        click.echo(line)
    else:
        write_file(Path(where), f"{line}\n".encode())
