"""The inputs of a batch: files, folders of text files, manifests, standard input."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vvcli.errors import UsageError
from vvcli.script.jsonl import read_jsonl
from vvcli.script.lines import read_lines
from vvcli.script.record import Record

STDIN = "-"

Reader = Callable[[BinaryIO, str, int], Iterator[Record]]

# By the suffix of a file's name in lower case; every other file is lines of text.
READERS: dict[str, Reader] = {".jsonl": read_jsonl}

_DIGITS = re.compile(r"([0-9]+)")


@dataclass(frozen=True)
class Input:
    """One file to read; `stem` is what its outputs are called after."""

    path: Path
    stem: str

    @property
    def is_stdin(self) -> bool:
        """Whether this is standard input."""
        return str(self.path) == STDIN

    @property
    def name(self) -> str:
        """What messages call it."""
        return "stdin" if self.is_stdin else str(self.path)

    @property
    def is_manifest(self) -> bool:
        """Whether its lines are more than text, so that a wrong one is a mistake of form."""
        return self.path.suffix.lower() in READERS

    def records(self, first_index: int, stdin: int = 0) -> list[Record]:
        """All records, numbered from `first_index`.

        Raises:
            UsageError: the file cannot be read, or is a manifest that is wrong.
        """
        read = READERS.get(self.path.suffix.lower(), read_lines)
        try:
            # A descriptor of our own, as in `vvcli.script.sources`.
            with os.fdopen(os.dup(stdin), "rb") if self.is_stdin else self.path.open("rb") as file:
                return list(read(file, self.name, first_index))
        except OSError as error:
            raise UsageError(f"cannot read {self.name}: {error.strerror}") from error


def expand(paths: Iterable[Path]) -> list[Input]:
    """The files that `paths` mean, in order; folders become the `.txt` files below them.

    Below a folder, names are in natural order (`2.txt` before `10.txt`), hidden ones are left
    out, and a folder that links lead to twice is read once.

    Raises:
        UsageError: a path is not there, or a folder has no text file.
    """
    inputs: list[Input] = []
    for path in paths:
        if str(path) == STDIN:
            inputs.append(Input(path, "stdin"))
            continue
        try:
            if path.is_dir():
                below = list(_text_files(path, (), set()))
                if not below:
                    raise UsageError(f"{path} has no .txt file: name the files to read")
                inputs += below
            else:
                path.stat()
                inputs.append(Input(path, path.stem))
        except OSError as error:
            where = error.filename or path
            raise UsageError(f"cannot read {where}: {error.strerror}") from error
        except ValueError as error:  # a NUL in the name
            raise UsageError(f"cannot read {str(path)!r}: {error}") from error
    return inputs


def natural(name: str) -> tuple[list[str | int], str]:
    """A sort key that takes runs of digits as numbers."""
    parts = _DIGITS.split(name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], name


def _text_files(folder: Path, way: tuple[str, ...], seen: set[tuple[int, int]]) -> Iterator[Input]:
    status = folder.stat()
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    for path in sorted(folder.iterdir(), key=lambda path: natural(path.name)):
        name = path.name
        if name.startswith("."):
            continue
        is_text = path.suffix.lower() == ".txt"
        if path.is_dir():
            yield from _text_files(path, (*way, name), seen)
        # A dangling link stays in: it is better said than left out.
        elif is_text and (path.is_symlink() or stat.S_ISREG(path.stat().st_mode)):
            yield Input(path, "/".join((*way, path.stem)))
