"""`--dialogue` and `--cast`: who speaks in which voice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def cast_voices(voices: ModelVoices, first: str | None) -> tuple[list[str], str | None, str]:
    """The first arguments of `open_dialogue` for a model's `voices`, with `first` asked for.

    Raises:
        UnavailableError: the model is unavailable, or has no such voice.
    """
    return [voice.name for voice in voices.own()], first, voices.find(first).name


def open_dialogue(
    voices: Sequence[str],
    first: str | None,
    name: str,
    cast: str | None,
    find: Callable[[str], object],
) -> CastDialogue:
    """The dialogue of a run with a model's `voices`: `first`, and then the others.

    `first` is what was asked for, a name or a file, and `name` what it is called: without it, the
    default voice. `find` raises an error for a voice of the cast that is not there.

    Raises:
        UsageError: the cast cannot be read.
        UnavailableError: it has a voice that is not there.
    """
    known = parse_cast(cast) if cast is not None else {}
    for voice in known.values():
        find(voice)
    return CastDialogue([first or name, *(each for each in voices if each != name)], known)
