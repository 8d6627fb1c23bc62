"""`--summary`: the figures of a run as JSON, for scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from vvcli import __version__
from vvcli.errors import OutputError, UsageError
from vvcli.progress.tally import Tally


def check_summary(where: str | None, *, audio_to_stdout: bool) -> None:
    """Refuse a summary that would get between the samples.

    Raises:
        UsageError: both want standard output.
    """
    if where == "-" and audio_to_stdout:
        raise UsageError("--summary - and the audio both want standard output: add -o FILE")


def write_summary(where: str | None, tally: Tally, **facts: Any) -> None:
    """Write the figures of `tally`, and `facts`, to the file or standard output `where`.

    Raises:
        OutputError: the file cannot be written.
    """
    if where is None:
        return
    line = json.dumps({**tally.to_dict(), **facts, "vvcli": __version__})
    if where == "-":
        click.echo(line)
        return
    try:
        Path(where).write_text(f"{line}\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write the summary {where}: {error.strerror}") from error
