"""`--dialogue` and `--cast`: who speaks in which voice."""

from __future__ import annotations

from vvcli.checkpoint.model_voices import ModelVoices
from vvcli.cli.environment import Environment
from vvcli.errors import UsageError
from vvcli.script.dialogue import Dialogue, parse_cast
from vvcli.script.sources import Form

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


def open_dialogue(voices: ModelVoices, first: str | None, cast: str | None) -> CastDialogue:
    """The dialogue of a run with `voices`: `first`, or the default, and then the others.

    Raises:
        UsageError: the cast cannot be read.
        UnavailableError: the model cannot be had, or has no such voice.
    """
    known = parse_cast(cast) if cast is not None else {}
    asked = voices.find(first).name
    others = [voice.name for voice in voices.own() if voice.name != asked]
    return CastDialogue([first or asked, *others], known)
