"""Finds files that a command would both read and write, or write twice, before it opens any."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from vvcli.audio.descriptors import descriptor_of, is_stdout
from vvcli.audio.part_name import PART
from vvcli.checkpoint.voice_search import is_voice_file
from vvcli.cli.environment import STDOUT, Environment
from vvcli.errors import UsageError

# What tells a file from others, however it is spelled: its inode if it is there, else its path.
Identity = tuple[object, ...]

# What a model is read from; an output of that name would replace it.
_MODEL_FILES = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "preprocessor_config.json",
)


class FileConflicts:
    """The files of one command. Every file that is written must be named by `writes`.

    Links and hard links to one file are that file. A file that is written takes `NAME.part` as
    well. Terminals and devices such as /dev/null can be shared.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._read: dict[Identity, str] = {}
        self._written: dict[Identity, str] = {}

    def reads(self, option: str, names: Iterable[str | Path | None]) -> None:
        """Add inputs; `-` is standard input."""
        for name in names:
            if name is None:
                continue
            if str(name) == "-":
                identities = _of_descriptor(self._environment.stdin)
            else:
                identities = self._identities(str(name))
            for identity in identities:
                self._read.setdefault(identity, f"{option} {name}")

    def reads_model(self, model: str, voice: str | None) -> None:
        """Add the files of a model folder and a voice file."""
        folder = Path(model)
        with suppress(OSError, ValueError):
            if folder.is_dir():
                self.reads("-m", [folder / file for file in _MODEL_FILES])
        with suppress(OSError, ValueError):
            if voice is not None and is_voice_file(voice) and Path(voice).is_file():
                self.reads("-V", [voice])

    def writes(self, option: str, name: str | Path | None) -> None:
        """Add an output, standard output if `name` is `-`; nothing if there is none.

        Raises:
            UsageError: it is an input, or another output.
        """
        if name is None:
            return
        shown = f"{option} {name}"
        identities = self._identities(str(name))
        is_file = bool(identities) and identities[0][0] in ("inode", "path")
        parts = _of_path(f"{name}{PART}") if is_file and descriptor_of(name) is None else []
        for identity in [*identities, *parts]:
            other = self._read.get(identity) or self._written.get(identity)
            if other is not None:
                how = "" if identity in identities else f" (written as {name}{PART} until whole)"
                raise UsageError(f"{other} and {shown}{how} are the same file")
        for identity in [*identities, *parts]:
            self._written[identity] = shown

    def _identities(self, name: str) -> list[Identity]:
        if is_stdout(name):
            return [("descriptor", STDOUT), *_of_descriptor(self._environment.stdout)]
        number = descriptor_of(name)
        return _of_path(name) if number is None else _of_descriptor(number)


def _of_path(name: str) -> list[Identity]:
    try:
        found = _of_status(Path(name).stat())
        if not found:  # a device
            return []
    except (OSError, ValueError):
        found = []
    with suppress(OSError, ValueError):
        found.append(("path", os.path.realpath(name)))
    return found


def _of_descriptor(number: int) -> list[Identity]:
    try:
        return _of_status(os.fstat(number))
    except OSError:
        return []


def _of_status(status: os.stat_result) -> list[Identity]:
    if stat.S_ISREG(status.st_mode) or stat.S_ISFIFO(status.st_mode):
        return [("inode", status.st_dev, status.st_ino)]
    return []
