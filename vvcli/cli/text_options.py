"""The options that say which records text has, and how they are read before a model gets them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vvcli.cli.message_options import together
from vvcli.cli.types import FileName, Text
from vvcli.frontend.languages import LANGUAGES

if TYPE_CHECKING:
    from vvcli.frontend.lexicon import Lexicon

form_options = together(
    click.option("-0", "--null", is_flag=True, help="Records end in NUL, not in newline."),
    click.option("--paragraphs", is_flag=True, help="Records are blocks between blank lines."),
    click.option("--jsonl", is_flag=True, help="Records are JSON objects, one a line."),
    click.option(
        "--delimiter",
        metavar="STRING",
        type=Text(),
        help="Lines are an id, STRING, and the text: with '|', `id|text`.",
    ),
    click.option(
        "--markdown", is_flag=True, help="Records are the blocks of Markdown, read plainly."
    ),
    click.option(
        "--dialogue", is_flag=True, help="Lines are `Name: text`, each name in a voice of its own."
    ),
    click.option(
        "--cast",
        metavar="LIST|FILE",
        type=Text(),
        help="The voices of --dialogue: `Ann=clara,Bob=miles`, or a file with one a line.",
    ),
)

text_options = together(
    click.option(
        "--lexicon",
        multiple=True,
        metavar="FILE",
        type=FileName(),
        help="Respell words: each line of FILE is a word, a tab, and what is said for it.",
    ),
    click.option(
        "--no-commands", is_flag=True, help="Speak [[pause 1s]], [[voice NAME]] and so on as text."
    ),
    click.option(
        "--language",
        envvar="VVCLI_LANGUAGE",
        type=click.Choice(LANGUAGES),
        help="Whose dates and numbers the embedded model says; default: the voice's.",
    ),
)


def take_text_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """What `Synthesizer` and `Preflight` take for these options, which leave `options`.

    Raises:
        UsageError: a lexicon cannot be read, or a line of it is wrong.
    """
    return {
        "lexicon": _read_lexicons(options.pop("lexicon")),
        "commands": not options.pop("no_commands"),
        "language": options.pop("language"),
    }


def _read_lexicons(names: tuple[str, ...]) -> Lexicon | None:
    if not names:
        return None
    from vvcli.frontend.lexicon import read_lexicons

    return read_lexicons(map(Path, names))
