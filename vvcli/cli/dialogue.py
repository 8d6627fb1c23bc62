"""`--dialogue` and `--cast`: who speaks in which voice."""

from __future__ import annotations

from typing import Any

from vvcli.cli.environment import Environment
from vvcli.errors import UsageError
from vvcli.script.choose import Form
from vvcli.script.dialogue import Dialogue, parse_cast

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


class CastDialogue(Dialogue):
    """A dialogue whose cast is told once."""

    def tell(self, environment: Environment) -> None:
        """Say who has which voice."""
        if self.cast:
            names = ", ".join(f"{name}={voice}" for name, voice in self.cast.items())
            environment.say(f"cast: {names}")


def open_dialogue(options: dict[str, Any], cast: str | None) -> CastDialogue:
    """The dialogue of a run with the model and the voice of `options`.

    Raises:
        UsageError: the cast cannot be read.
        UnavailableError: the model cannot be had, or has no voice.
    """
    known = parse_cast(cast) if cast is not None else {}
    return CastDialogue(_voices(options["model"], options["voice"]), known)


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
