"""Names and content hashes of the voices of records, before any voice is loaded."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from vvcli.batch.naming import slug
from vvcli.checkpoint.model_voices import ModelVoices
from vvcli.errors import UnavailableError


class RecordVoice(NamedTuple):
    """The voice of a record, also where there is none of that name."""

    name: str  # as it stands in file names and manifests
    identity: str  # a hash
    error: str | None = None  # why it is unavailable


LookUp = Callable[[str | None], RecordVoice]


def record_voices(voices: ModelVoices, default: str | None) -> LookUp:
    """A function from what a record asks for to its voice: `default` if that is nothing.

    A voice that is missing is no error here: the records that ask for it fail in their turn.

    Raises:
        UnavailableError: there is no default voice.
    """

    @cache
    def look_up(spec: str | None) -> RecordVoice:
        spec = spec or default
        try:
            return RecordVoice(voices.find(spec).name, voices.identity(spec))
        except (UnavailableError, ValueError) as error:  # a NUL in the name is a ValueError
            if spec == default:
                raise
            return RecordVoice(slug(str(spec)), f"missing {spec}", str(error))

    look_up(default)
    return look_up


def found_name(voices: LookUp, spec: str | None) -> str:
    """The name of a voice that is there.

    Raises:
        UnavailableError: it is not.
    """
    found = voices(spec)
    if found.error is not None:
        raise UnavailableError(found.error)
    return found.name
