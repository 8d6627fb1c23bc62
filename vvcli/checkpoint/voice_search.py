"""Which file a voice's name means. Knows paths only, so that listing voices needs no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from vvcli.errors import UnavailableError, unreadable_as

# In order of preference: where a voice is in both, the one that cannot be a pickle is taken.
SUFFIXES = (".safetensors", ".pt")

_SHORT = re.compile(r"[^-]+-(.+)_(?:man|woman)")


def voice_folders(model_folder: Path | None = None) -> list[Path]:
    """Where voices are looked for: the model's own folder first, then the user's."""
    import platformdirs  # which takes its time, and a name alone may be asked about

    folders = [model_folder / "voices"] if model_folder else []
    return [*folders, platformdirs.user_data_path("vvcli") / "voices"]


def list_voices(folders: Sequence[Path]) -> list[Path]:
    """One file per voice, sorted by name; a voice in an earlier folder hides later ones.

    Raises:
        UnavailableError: a folder is there and cannot be read.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        found = _voices_in(folder) | found
    return [found[name] for name in sorted(found)]


def no_voice_file(path: Path) -> UnavailableError:
    """The error for `path`, which is no regular file."""
    if path.exists():
        return UnavailableError(f"the voice file {path} is not a regular file")
    return UnavailableError(f"there is no voice file {path}")


def find_voice(spec: str, folders: Sequence[Path]) -> Path:
    """The file that `spec` means: a path, or a name such as `en-Davis_man` or `davis`.

    A whole name is looked for in every folder before the short name, which is the part between
    the language and `_man` or `_woman`, in upper or lower case.

    Raises:
        UnavailableError: there is no such voice, or the short name fits several in one folder.
    """
    path = Path(spec)
    if is_voice_file(spec):
        with unreadable_as(UnavailableError, f"the voice file {spec}"):
            if path.is_file():
                return path
        raise no_voice_file(path)
    voices = [_voices_in(folder) for folder in folders]
    for names in voices:
        if spec in names:
            return names[spec]
    for names, folder in zip(voices, folders, strict=True):
        spelled = spec.casefold()
        fits = sorted(n for n in names if spelled in (n.casefold(), _short_name(n)))
        if len(fits) > 1:
            raise UnavailableError(
                f"voice {spec!r} could be {' or '.join(fits)} in {folder}: give the whole name"
            )
        if fits:
            return names[fits[0]]
    raise UnavailableError(f"there is no voice {spec!r}: {_inventory(voices, folders)}")


def is_voice_file(spec: str) -> bool:
    """Whether `spec` is the path of a voice file, and not the name of a voice."""
    path = Path(spec)
    return path.suffix in SUFFIXES or "/" in spec or path.name != spec


def _voices_in(folder: Path) -> dict[str, Path]:
    """Voice files in `folder` by name (stem)."""
    with unreadable_as(UnavailableError, f"the voices in {folder}"):
        try:
            if not folder.is_dir():
                return {}
        except PermissionError:  # of a folder above it: another user's home, say
            return {}
        files = [path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file()]
    files.sort(key=lambda path: SUFFIXES.index(path.suffix), reverse=True)
    return {path.stem: path for path in files}


def _short_name(name: str) -> str | None:
    match = _SHORT.fullmatch(name)
    return match[1].casefold() if match else None


def _inventory(voices: Sequence[dict[str, Path]], folders: Sequence[Path]) -> str:
    parts = [
        f"{folder} has {', '.join(sorted(names))}"
        for names, folder in zip(voices, folders, strict=True)
        if names
    ]
    return "; ".join(parts) or f"no voices are in {' or '.join(map(str, folders))}"
