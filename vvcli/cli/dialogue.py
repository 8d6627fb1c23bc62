"""`--dialogue` and `--cast`: who speaks in which voice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vvcli.cli.environment import Environment
from vvcli.script.dialogue import Dialogue, parse_cast

if TYPE_CHECKING:
    from vvcli.checkpoint.model_voices import ModelVoices


class CastDialogue(Dialogue):
    """A dialogue whose cast is told once."""

    def tell(self, environment: Environment) -> None:
        """Say who has which voice."""
        if self.cast:
            names = ", ".join(f"{name}={voice}" for name, voice in self.cast.items())
            environment.say(f"cast: {names}")


@dataclass(frozen=True)
class CastVoices:
    """The voices that a dialogue can be cast with."""

    names: Sequence[str]
    asked: str | None  # a name or a file
    asked_name: str  # what that is called, or the default voice
    find: Callable[[str], object]  # raises an error for a voice that is not there


def voices_of(voices: ModelVoices, asked: str | None) -> CastVoices:
    """Those of a model, one of which is asked for.

    Raises:
        UnavailableError: the model is unavailable, or has no such voice.
    """
    names = [voice.name for voice in voices.own()]
    return CastVoices(names, asked, voices.find(asked).name, voices.find)


def open_dialogue(voices: CastVoices, cast: str | None) -> CastDialogue:
    """The dialogue of a run: the voice that was asked for, else the default, and then the others.

    Raises:
        UsageError: the cast cannot be read.
        UnavailableError: it has a voice that is not there.
    """
    known = parse_cast(cast) if cast is not None else {}
    for voice in known.values():
        voices.find(voice)
    others = (name for name in voices.names if name != voices.asked_name)
    return CastDialogue([voices.asked or voices.asked_name, *others], known)
