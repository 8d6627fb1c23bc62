"""Which voice each record has, by name and by what is in its file, before any is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vvcli.batch.fingerprint import identify_voice
from vvcli.batch.naming import slug
from vvcli.checkpoint.voice_search import find_voice, first_voice
from vvcli.errors import UnavailableError
from vvcli.script.record import Record


class VoiceNames:
    """Voices in `folders`; `default` is for records that name none, else it is the first.

    A record's own voice that cannot be had is no error here: that record fails in its turn.

    Raises:
        UnavailableError: there is no default voice.
    """

    def __init__(self, folders: Sequence[Path], default: str | None) -> None:
        self._folders = folders
        if default is None:
            default = str(first_voice(folders))
        self._default = default
        file = find_voice(default, folders)
        self._known = {default: (file.stem, identify_voice(file))}
        self._errors: dict[str, str] = {}

    def name(self, record: Record) -> str:
        """The name of the record's voice, as it stands in file names and manifests."""
        return self._find(record)[0]

    def identity(self, record: Record) -> str:
        """A hash of the record's voice."""
        return self._find(record)[1]

    def error(self, record: Record) -> str | None:
        """Why the record's voice is unavailable; none if it is there."""
        self._find(record)
        return self._errors.get(record.voice) if record.voice else None

    def check(self, spec: str) -> None:
        """Look for a voice that a command in text names.

        Raises:
            UnavailableError: it is not there.
        """
        find_voice(spec, self._folders)

    def _find(self, record: Record) -> tuple[str, str]:
        spec = record.voice or self._default
        if spec not in self._known:
            try:
                file = find_voice(spec, self._folders)
                self._known[spec] = (file.stem, identify_voice(file))
            except (UnavailableError, ValueError) as error:  # a NUL in the name is a ValueError
                self._errors[spec] = str(error)
                self._known[spec] = (slug(spec), f"missing {spec}")
        return self._known[spec]
