"""Keeps every output below the output folder, whatever an id or a manifest says."""

from __future__ import annotations

import os
import re
import unicodedata
from contextlib import suppress
from pathlib import Path, PurePosixPath

from vvcli.audio.descriptors import open_folder, refusal
from vvcli.audio.part_name import part_name
from vvcli.errors import OutputError, UsageError

MAX_NAME, MAX_PATH = 255, 4096  # bytes; of a name, and of a path with its closing NUL

# Names that need no further look: most.
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_. -]*(?:/[A-Za-z0-9_-][A-Za-z0-9_. -]*)*")
_MAX_PLAIN = 200  # characters

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class OutputFolder:
    """The folder that all outputs of a run lie in.

    Args:
        path: of the folder.
        tag: of the `.part` files of this run, if others write to the folder at the same time.
        longest_tag: of any of them: a name that fits is to fit for all.

    Raises:
        OutputError: it is relative to a folder that is gone.
    """

    def __init__(self, path: Path, tag: str = "", longest_tag: str = "") -> None:
        self.path = path
        self.tag = tag
        self._added = len(part_name("", longest_tag or tag))  # to a name, while it is written
        try:
            self._root = Path(os.path.realpath(path))
        except OSError as error:
            raise OutputError(f"cannot write to {path}: {error.strerror}") from error
        self._parents: dict[str, str] = {}
        self._is_made = False
        self._room = MAX_PATH - len(os.fsencode(self._root)) - len("/\0") - self._added

    def place(self, name: str) -> str:
        """`name`, relative to the folder, as a path that is safe to write to.

        Symbolic links in it that stay in the folder are followed, so that two names of one file
        are one path.

        Raises:
            UsageError: it is no name for a file, is too long, or leads out of the folder.
        """
        if len(name) > min(_MAX_PLAIN, self._room) or not _PLAIN.fullmatch(name):
            self._check(name)
        parent, _, last = name.rpartition("/")
        real = self._parents.get(parent)
        if real is None:
            real = self._parents[parent] = self._inside(parent)
        return f"{real}/{last}" if real != "." else last

    def below(self, path: str | Path) -> str | None:
        """The name below the folder of what `path` leads to; none if it is not below it."""
        relative = os.path.relpath(os.path.realpath(path), self._root)
        return None if relative in (".", "..") or relative.startswith("../") else relative

    def _check(self, name: str) -> None:
        if not name or name.endswith("/"):
            raise UsageError(f"{name!r} is not the name of a file")
        if found := _CONTROL.search(name):
            raise UsageError(f"{name!r} has a control character (0x{ord(found[0]):02x})")
        if name.startswith("/"):
            raise UsageError(f"{name!r} is an absolute path, not one below {self.path}")
        for part in name.split("/"):
            if part in ("", ".", ".."):
                raise UsageError(f"{name!r} has {part or '//'!r} in it")
            _check_length(name, part, MAX_NAME - self._added)
        _check_length(name, name, self._room)

    def check_writable(self) -> None:
        """Check that files can be made in the folder, or the folder itself, and change nothing.

        Raises:
            UsageError: it is not a folder.
            OutputError: files cannot be made.
        """
        place = self._root
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise UsageError(f"{place} is not a folder, and outputs go below it")
        if not os.access(place, os.W_OK | os.X_OK):
            raise OutputError(f"cannot write to {self.path}: {refusal(place).strerror}")

    def open_parent(self, name: str, *, make: bool = False) -> int:
        """A descriptor of the folder that holds the file `name`, a path from `place`.

        No link below the output folder is followed, so that one planted since `place` leads
        nowhere. With `make`, folders are made as needed, but the output folder only once: what is
        removed or moved in the middle of a run does not come again without its manifest.

        Raises:
            FileNotFoundError: there is no such folder, without `make`.
            OutputError: it cannot be opened.
        """
        try:
            if make and not self._is_made:
                self.path.mkdir(parents=True, exist_ok=True)
                self._is_made = True
            descriptor = open_folder(self.path)
            for part in PurePosixPath(name).parent.parts:
                above = descriptor
                try:
                    if make:
                        with suppress(FileExistsError):
                            os.mkdir(part, dir_fd=above)
                    descriptor = open_folder(part, above=above, follow_links=False)
                finally:
                    os.close(above)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not make:
                raise
            raise OutputError(f"cannot write to {self.path / name}: {error.strerror}") from error
        return descriptor

    def _inside(self, parent: str) -> str:
        """Where `parent` really is, relative to the root."""
        relative = os.path.relpath(os.path.realpath(self._root / parent), self._root)
        if relative == os.pardir or relative.startswith(os.pardir + os.sep):
            raise UsageError(f"the folder {parent!r} is a link that leads out of {self.path}")
        ancestor = self._root
        for part in (".", *PurePosixPath(relative).parts):
            ancestor = ancestor / part
            if (ancestor.is_symlink() or ancestor.exists()) and not ancestor.is_dir():
                raise UsageError(f"{ancestor} is not a folder, and outputs go below it")
        return relative


def same_name(path: str) -> str:
    """A key that is equal for names that some file system takes for one.

    macOS and Windows ignore case, and macOS how an accent is composed.
    """
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _check_length(name: str, text: str, limit: int) -> None:
    try:
        length = len(os.fsencode(text))
    except UnicodeEncodeError as error:
        raise UsageError(f"{name!r} cannot be a file name: it is not valid Unicode") from error
    if length > limit:
        shown = name if len(name) <= 40 else f"{name[:40]}…"
        raise UsageError(f"{shown!r} is too long for a file name: {length} bytes, {limit} fit")
