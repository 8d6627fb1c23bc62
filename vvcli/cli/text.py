"""`vvcli text`: how text is read, shown pass by pass."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import click

from vvcli.cli.environment import Environment
from vvcli.cli.exit_status import ExitStatus
from vvcli.cli.message_options import verbose_option
from vvcli.errors import RecordError, UsageError
from vvcli.frontend.front_end import FrontEnd, Reading, refuse
from vvcli.frontend.languages import LANGUAGES
from vvcli.progress.visible import visible
from vvcli.script.lines import split_lines
from vvcli.script.record import Record
from vvcli.script.sources import read_files


@click.command()
@click.argument("text", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
@click.option(
    "--language",
    envvar="VVCLI_LANGUAGE",
    type=click.Choice(LANGUAGES),
    default="en-US",
    show_default=True,
    help="Whose dates and numbers.",
)
@verbose_option
@click.pass_obj
def text(
    environment: Environment, text: tuple[str, ...], as_json: bool, language: str
) -> ExitStatus:
    """Show how TEXT, or each line of standard input, is read: its parts, their classes and words.

    This is how the embedded voices read it; the published models read text themselves.
    """
    front_end = FrontEnd(language)
    good, bad = 0, 0
    for record in _records(environment, text):
        if record.is_blank:
            continue
        if record.error is not None:
            environment.say(record.error)
            bad += 1
            continue
        try:
            reading = front_end.read(record.text)
            click.echo(_object(reading) if as_json else _table(reading))
            refuse(list(reading.unspeakable))
            good += 1
        except RecordError as error:
            environment.say(f"{record.source}: {error}" if record.source else str(error))
            bad += 1
    if not good:
        if not bad:
            environment.say("nothing to show: the input held no text")
        return ExitStatus.NOTHING
    return ExitStatus.SOME_FAILED if bad else ExitStatus.OK


def _records(environment: Environment, words: tuple[str, ...]) -> Iterable[Record]:
    if words and words != ("-",):
        return split_lines(" ".join(words), "TEXT")
    if environment.stdin in environment.closed or os.isatty(environment.stdin):
        raise UsageError("nothing to read: give TEXT, or pipe lines in")
    return read_files([Path("-")], environment.stdin)


def _object(reading: Reading) -> str:
    shown = {"text": reading.text, "spoken": reading.spoken}
    line = json.dumps(shown, ensure_ascii=False)
    return line if line.isprintable() else json.dumps(shown)


def _table(reading: Reading) -> str:
    """A row for each part that is said, or that is not what it looks like, and the whole."""
    rows = [
        (item.name, item.text, item.words(reading.british))
        for item in reading.items
        if item.text.strip()
    ]
    name_width = max((len(name) for name, _, _ in rows), default=0)
    text_width = min(40, max((len(written) for _, written, _ in rows), default=0))
    lines = [reading.text]
    for name, written, said in rows:
        lines.append(f"  {name:{name_width}}  {written:{text_width}}  {said}".rstrip())
    lines.append(f"= {reading.spoken}".rstrip())
    return "\n".join(visible(line, len(line)) for line in lines)
