"""The voices that a model can speak with: names, files and hashes without torch, and loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vvcli.checkpoint.identity import hash_voice
from vvcli.checkpoint.voice_search import find_voice, list_voices
from vvcli.errors import UnavailableError

if TYPE_CHECKING:
    import torch

    from vvcli.model.config import ModelConfig
    from vvcli.model.voice import Voice


@dataclass(frozen=True)
class VoiceFile:
    """A voice on this machine."""

    name: str
    path: Path


class ModelVoices:
    """The voices in `folders`, of which the first is the model's own; each is loaded once.

    `default_name` returns the name of the default voice, None if the model has no preference. A
    voice that was found stays; one that is missing is looked for anew each time.
    """

    def __init__(
        self, folders: Sequence[Path], default_name: Callable[[], str | None] = lambda: None
    ) -> None:
        self.folders = folders
        self._default_name = default_name
        self._found: dict[str | None, VoiceFile] = {}
        self._identities: dict[Path, str] = {}
        self._loaded: dict[tuple[Path, torch.device, torch.dtype], Voice] = {}

    def files(self) -> list[VoiceFile]:
        """All voices with a name, sorted by it.

        Raises:
            UnavailableError: a folder is there and cannot be read.
        """
        return [*map(_voice_at, list_voices(self.folders))]

    def own(self) -> list[VoiceFile]:
        """The model's own voices, where it has none the user's, sorted by name.

        Raises:
            UnavailableError: a folder is there and cannot be read.
        """
        return [*map(_voice_at, list_voices(self.folders[:1]))] or self.files()

    def find(self, spec: str | None = None) -> VoiceFile:
        """The voice of this name or file, see `find_voice`; without one, the default.

        Raises:
            UnavailableError: there is no such voice, or the name fits several.
        """
        if spec not in self._found:
            self._found[spec] = (
                self._find_default() if spec is None else _voice_at(find_voice(spec, self.folders))
            )
        return self._found[spec]

    def identity(self, spec: str | None = None) -> str:
        """A hash of the content of the voice's file.

        Raises:
            UnavailableError: there is no such voice, or its file cannot be read.
        """
        path = self.find(spec).path
        if path not in self._identities:
            self._identities[path] = hash_voice(path)
        return self._identities[path]

    def load(
        self, spec: str | None, config: ModelConfig, device: torch.device, dtype: torch.dtype
    ) -> Voice:
        """The voice on `device`, in `dtype`, for a model of this `config`.

        Raises:
            UnavailableError: there is no such voice, or see `load_voice`.
        """
        path = self.find(spec).path
        key = (path, device, dtype)
        if key not in self._loaded:
            from vvcli.checkpoint.voices import load_voice

            self._loaded[key] = load_voice(path, config, dtype).to(device, dtype)
        return self._loaded[key]

    def _find_default(self) -> VoiceFile:
        """The voice that the model prefers, else its first, else the user's first."""
        name = self._default_name()
        if name is not None:
            try:
                return _voice_at(find_voice(name, self.folders[:1]))
            except UnavailableError as error:
                raise UnavailableError(f"the model's default voice: {error}") from error
        found = self.own()
        if not found:
            places = " or ".join(map(str, self.folders))
            raise UnavailableError(f"there is no voice in {places}", remedy="voice file")
        return found[0]


def _voice_at(path: Path) -> VoiceFile:
    return VoiceFile(path.stem, path)
