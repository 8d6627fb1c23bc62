"""Where `speak` gets its records from: words, files, or standard input, in one of the forms."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vvcli.cli.environment import Environment
from vvcli.errors import UsageError, unreadable_as
from vvcli.script.decode import check_start
from vvcli.script.lines import split_lines
from vvcli.script.measure import Total, can_measure, measure
from vvcli.script.record import Record
from vvcli.script.sources import (
    Form,
    check_files,
    is_readable,
    open_stdin,
    read_files,
    refuse_failed,
)

# Whose records are plain text.
_OF_DIALOGUE = (Form.LINES, Form.PARAGRAPHS, Form.NULL)


@dataclass(frozen=True)
class TextSource:
    """What to speak."""

    text: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    form: Form = Form.LINES
    delimiter: str = "|"
    pause: float = 0.3  # seconds, for Form.FOLLOW


def find_form(
    *,
    null: bool,
    paragraphs: bool,
    jsonl: bool,
    delimiter: str | None,
    markdown: bool = False,
    follow: bool = False,
) -> Form:
    """The form that the options ask for.

    Raises:
        UsageError: more than one of them.
    """
    asked = {
        "--null": (null, Form.NULL),
        "--paragraphs": (paragraphs, Form.PARAGRAPHS),
        "--jsonl": (jsonl, Form.JSONL),
        "--delimiter": (delimiter is not None, Form.DELIMITED),
        "--markdown": (markdown, Form.MARKDOWN),
        "--follow": (follow, Form.FOLLOW),
    }
    given = {name: form for name, (is_given, form) in asked.items() if is_given}
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} cannot be used together")
    return next(iter(given.values()), Form.LINES)


def check_dialogue(form: Form, *, dialogue: bool, cast: str | None) -> None:
    """Refuse what does not go together.

    Raises:
        UsageError: a cast without a dialogue, or a dialogue in records that are no plain text.
    """
    if cast is not None and not dialogue:
        raise UsageError("--cast gives the names of --dialogue their voices: add --dialogue")
    if dialogue and form not in _OF_DIALOGUE:
        raise UsageError(f"--dialogue and --{form.value} cannot be used together")


def open_records(
    environment: Environment, source: TextSource
) -> tuple[Iterable[Record], Total | None]:
    """The records, and how many where that can be known; words on the command line are one text.

    Raises:
        UsageError: there is nothing to read, a file cannot be read, or a manifest is wrong.
    """
    if source.text and source.files:
        raise UsageError("give either TEXT or -i FILE, not both")
    if source.text:
        if source.form is not Form.LINES:
            raise UsageError("TEXT is spoken as it is: its form belongs to -i FILE or to stdin")
        words = list(split_lines(" ".join(source.text), "TEXT"))
        return words, measure(words)
    paths = [Path(name) for name in source.files or ("-",)]
    _check_stdin(environment, source, paths)
    check_files(paths)
    stdin = _look_at_stdin(environment.stdin, source.form) if Path("-") in paths else 0

    def read() -> Iterable[Record]:
        return read_files(
            paths,
            stdin,
            source.form,
            delimiter=source.delimiter,
            pause=source.pause,
        )

    if not can_measure(paths):
        return read(), None
    if source.form is Form.JSONL:
        # A manifest that can be read to its end is right, or nothing is spoken.
        manifest = refuse_failed(read())
        return manifest, measure(manifest)
    return read(), measure(read())


def note_file_names(environment: Environment, words: tuple[str, ...]) -> None:
    """Tell of TEXT that is the names of files, and so was meant to be their content."""
    if words and all(map(_is_file, words)):
        more = f" and {len(words) - 1} more" if len(words) > 1 else ""
        environment.say(
            f"speaking the name {words[0]}{more}, not the file: -i {words[0]} reads the file"
        )


def note_manifests(environment: Environment, source: TextSource) -> None:
    """Tell of files of JSON lines that are read, and so spoken, as lines of text."""
    named = [name for name in source.files if name.lower().endswith(".jsonl")]
    if named and source.form is Form.LINES:
        environment.say(f"speaking {named[0]} as lines of text: --jsonl reads JSON lines")


def _is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    except (OSError, ValueError):  # too long, or with a NUL
        return False


def _look_at_stdin(stdin: int, form: Form) -> int | io.BufferedReader:
    """Standard input, whose first bytes are checked if they are there already.

    That it is no text is then said before the model loads.

    Raises:
        UsageError: it cannot be read, or does not begin like text.
    """
    if form is Form.FOLLOW:  # which reads the descriptor itself
        return stdin
    with unreadable_as(UsageError, "stdin"):
        file = open_stdin(stdin)
        if is_readable(file.fileno(), 0):
            check_start(file, "stdin", nul_ends_records=form is Form.NULL)
    return file


def _check_stdin(environment: Environment, source: TextSource, paths: list[Path]) -> None:
    if Path("-") not in paths:
        return
    if environment.stdin in environment.closed:
        raise UsageError("nothing to speak: standard input is closed")
    if os.isatty(environment.stdin) and not source.files:
        raise UsageError(
            "nothing to speak: give TEXT, -i FILE, or pipe lines in, "
            "as in `cat script.txt | vvcli speak > out.pcm`"
        )
