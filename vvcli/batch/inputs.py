"""The inputs of a batch: files, folders of text files, books, manifests, standard input."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from vvcli.batch.record_list import RecordList
from vvcli.errors import UsageError
from vvcli.script.dialogue import Dialogue
from vvcli.script.sources import Form, form_of, open_stdin, records_from

if TYPE_CHECKING:
    from vvcli.script.epub.book import Book, Chapter

STDIN = "-"

# By the suffix of a file's name in lower case; every other file has the form that is asked for.
FORMS: dict[str, Form] = {".jsonl": Form.JSONL, ".md": Form.MARKDOWN}

TEXT_SUFFIXES = (".txt", ".md", ".epub")  # of the files of a folder that are read

_DIGITS = re.compile(r"([0-9]+)")


@dataclass(frozen=True)
class Input:
    """One file to read, or a chapter of a book; `stem` is what its outputs are called after."""

    path: Path
    stem: str
    form: Form = Form.LINES
    delimiter: str = "|"  # for Form.DELIMITED
    chapter: Chapter | None = field(default=None, compare=False, repr=False)

    @property
    def is_stdin(self) -> bool:
        """Whether this is standard input."""
        return str(self.path) == STDIN

    @property
    def name(self) -> str:
        """The input in messages."""
        return "stdin" if self.is_stdin else str(self.path)

    @property
    def is_manifest(self) -> bool:
        """Whether its lines are more than text, so that a wrong one is a mistake of form."""
        return self.form is Form.JSONL

    def records(
        self, first_index: int, stdin: int = 0, dialogue: Dialogue | None = None
    ) -> RecordList:
        """All records, numbered from `first_index`, without the labels of a `dialogue`.

        Raises:
            UsageError: the file cannot be read, or is a manifest that is wrong.
        """
        if self.chapter is not None:
            return RecordList(self.chapter.records(first_index), first_index, f"{self.name}:")
        separator = " record " if self.form is Form.NULL else ":"
        try:
            with open_stdin(stdin) if self.is_stdin else self.path.open("rb") as file:
                found = records_from(
                    file, self.name, self.form, first_index, delimiter=self.delimiter
                )
                if dialogue is not None and self.form not in FORMS.values():
                    found = iter(dialogue.read(found))
                return RecordList(found, first_index, self.name + separator)
        except OSError as error:
            raise UsageError(f"cannot read {self.name}: {error.strerror}") from error


@dataclass(frozen=True)
class Inputs:
    """The files to read, in order, and the files of folders that are not read.

    `kinds` are the suffixes or the patterns of the files of folders that are; `books` are those
    whose chapters are among the files.
    """

    files: list[Input]
    passed_over: list[Path]
    kinds: Sequence[str] = TEXT_SUFFIXES
    books: list[Book] = field(default_factory=list)


def expand(
    paths: Iterable[Path],
    form: Form = Form.LINES,
    *,
    delimiter: str = "|",
    patterns: Sequence[str] = (),
    is_output: Callable[[Path], bool] = lambda path: False,
) -> Inputs:
    """The files that `paths` mean; folders become the `.txt`, `.md` and `.epub` files below them.

    With `patterns`, as a shell has them, they become the files whose names match one of these. A
    book becomes its chapters, called `STEM/01` and so on. Below a folder, names are in natural
    order (`2.txt` before `10.txt`), hidden ones are left out, and a folder that links lead to twice
    is read once. The files are read in `form`, unless their suffix says another. What an earlier
    run has made, by `is_output`, is not counted as passed over.

    Raises:
        UsageError: a path is not there, or a folder has no text file.
    """
    kinds = tuple(patterns) or TEXT_SUFFIXES
    found = Inputs([], [], kinds)

    def add(path: Path, stem: str) -> None:
        own = form_of(path, FORMS.get(path.suffix.lower(), form))
        if own is Form.EPUB:
            book = _read_book(path)
            found.books.append(book)
            width = max(2, len(str(len(book.chapters))))
            for n, chapter in enumerate(book.chapters, start=1):
                name = f"{stem}/{n:0{width}d}"
                found.files.append(Input(path, name, own, delimiter, chapter))
        else:
            found.files.append(Input(path, stem, own, delimiter))

    for path in paths:
        if str(path) == STDIN:
            add(path, "stdin")
            continue
        try:
            if path.is_dir():
                below = list(_files_below(path, (), set(), patterns))
                texts = [(file, stem) for file, stem in below if stem is not None]
                if not texts:
                    raise UsageError(f"{path} has no {listed(kinds)} file: name the files to read")
                for file, stem in texts:
                    add(file, stem)
                others = (file for file, stem in below if stem is None)
                found.passed_over.extend(file for file in others if not is_output(file))
            else:
                path.stat()
                add(path, path.stem)
        except OSError as error:
            where = error.filename or path
            raise UsageError(f"cannot read {where}: {error.strerror}") from error
        except ValueError as error:  # a NUL in the name
            raise UsageError(f"cannot read {str(path)!r}: {error}") from error
    return found


def listed(kinds: Sequence[str]) -> str:
    """The suffixes or patterns in words.

    >>> listed((".txt", ".md", ".epub"))
    '.txt, .md or .epub'
    """
    return " or ".join(filter(None, (", ".join(kinds[:-1]), kinds[-1])))


def _read_book(path: Path) -> Book:
    from vvcli.script.epub.book import read_book  # zipfile and all that it imports

    if not stat.S_ISREG(path.stat().st_mode):
        raise UsageError(f"{path} is an EPUB, which is read from a file: it is none")
    with path.open("rb") as file:
        book = read_book(file, str(path))
    if not book.chapters:
        raise UsageError(f"{path} has no text to speak")
    return book


def natural(name: str) -> tuple[list[str | int], str]:
    """A sort key that takes runs of digits as numbers."""
    parts = _DIGITS.split(name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], name


def _files_below(
    folder: Path, way: tuple[str, ...], seen: set[tuple[int, int]], patterns: Sequence[str]
) -> Iterator[tuple[Path, str | None]]:
    """Each file with its stem, or without one if it is not read."""
    status = folder.stat()
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    for path in sorted(folder.iterdir(), key=lambda path: natural(path.name)):
        name = path.name
        if name.startswith("."):
            continue
        is_text = path.suffix.lower() in TEXT_SUFFIXES
        if patterns:
            is_text = any(fnmatchcase(name, pattern) for pattern in patterns)
        if path.is_dir():
            yield from _files_below(path, (*way, name), seen, patterns)
        # A dangling link stays in: it is better said than left out.
        elif is_text and (path.is_symlink() or stat.S_ISREG(path.stat().st_mode)):
            yield path, "/".join((*way, path.stem))
        else:
            yield path, None
