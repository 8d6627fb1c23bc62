"""`--dialogue` and `--cast`: who speaks in which voice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vvcli.cli.environment import Environment
from vvcli.errors import UsageError
from vvcli.script.choose import Form
from vvcli.script.dialogue import parse_cast, read_dialogue
from vvcli.script.record import Record

_FORMS = (Form.LINES, Form.PARAGRAPHS, Form.NULL)


def check_dialogue(form: Form, *, dialogue: bool, cast: str | None) -> None:
    """Refuse what does not go together.

    Raises:
        UsageError: a cast without a dialogue, or a dialogue in records that are no plain text.
    """
    if cast is not None and not dialogue:
        raise UsageError("--cast gives the names of --dialogue their voices: add --dialogue")
    if dialogue and form not in _FORMS:
        raise UsageError(f"--dialogue and --{form.value} cannot be used together")


def open_dialogue(
    environment: Environment,
    records: Iterable[Record],
    options: dict[str, Any],
    cast: str | None,
    *,
    quiet: bool,
) -> Iterable[Record]:
    """`records` without their labels, in the voices of their names; the cast is said once.

    Raises:
        UsageError: the cast cannot be read.
        UnavailableError: the model cannot be had, or has no voice.
    """
    known = parse_cast(cast) if cast is not None else {}
    found, told = read_dialogue(records, _voices(options["model"], options["voice"]), known)
    if told and not quiet:
        environment.say("cast: " + ", ".join(f"{name}={voice}" for name, voice in told.items()))
    return found


def _voices(model: str, first: str | None) -> list[str]:
    """The voices of the model in their order, the one that was asked for before the others."""
    # Imported only here: help and mistakes need none of it.
    from vvcli.checkpoint.hub import resolve_model
    from vvcli.checkpoint.voice_search import find_voice, list_voices, voice_folders

    folders = voice_folders(resolve_model(model))
    names = [path.stem for path in list_voices(folders[:1]) or list_voices(folders)]
    if first is None:
        return names
    asked = find_voice(first, folders)
    return [first, *(name for name in names if name != asked.stem)]
