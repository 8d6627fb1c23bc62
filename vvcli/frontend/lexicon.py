"""Words and how they are respelled, from files of `word<TAB>respelling` and `# comment` lines."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from vvcli.checkpoint.regular_file import read_bounded
from vvcli.errors import UsageError

MAX_BYTES = 16 << 20  # of a file: half a million words
MAX_ENTRY = 200  # characters of a word or a respelling

_TOKEN = re.compile(r"\w+|[^\w\s]")


class Entry(NamedTuple):
    """A word, or several with spaces between them, and what is said for it."""

    written: str
    said: str

    @property
    def is_exact(self) -> bool:
        """Whether its case must fit: it has capitals."""
        return self.written != self.written.lower()


class Lexicon:
    """Replaces whole words, the longest entry that fits; time is linear in the text."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[str, list[Entry]] = defaultdict(list)
        for entry in {entry.written: entry for entry in entries}.values():
            first = _TOKEN.search(entry.written)
            if first is not None:
                self._entries[first[0].lower()].append(entry)
        for found in self._entries.values():
            # An entry with capitals is more certain than the same word without.
            found.sort(key=lambda entry: (-len(entry.written), not entry.is_exact))

    def __bool__(self) -> bool:
        return bool(self._entries)

    def entries(self) -> Iterator[Entry]:
        """All entries; a lexicon made of them is the same."""
        for found in self._entries.values():
            yield from found

    def apply(self, text: str) -> tuple[str, int]:
        """`text` with its words respelled, and how many were.

        >>> Lexicon([Entry("nginx", "engine x")]).apply("Nginx, not nginxes")
        ('engine x, not nginxes', 1)
        """
        if not self._entries:
            return text, 0
        parts: list[str] = []
        done = end = 0
        for token in _TOKEN.finditer(text):
            start = token.start()
            if start < end or token[0].lower() not in self._entries:
                continue
            entry = self._fitting(text, start, token[0].lower())
            if entry is not None:
                parts += [text[end:start], entry.said]
                end = start + len(entry.written)
                done += 1
        return "".join([*parts, text[end:]]), done

    def _fitting(self, text: str, start: int, first: str) -> Entry | None:
        for entry in self._entries[first]:
            end = start + len(entry.written)
            found = text[start:end]
            if not entry.is_exact:
                found = found.lower()
            if found == entry.written and not _inside_word(text, start, end):
                return entry
        return None


def _inside_word(text: str, start: int, end: int) -> bool:
    return (start > 0 and _joins(text[start - 1], text[start])) or (
        end < len(text) and _joins(text[end - 1], text[end])
    )


def _joins(left: str, right: str) -> bool:
    return all(c.isalnum() or c == "_" for c in (left, right))


def read_lexicons(paths: Iterable[Path]) -> Lexicon:
    """The entries of all files; a later one counts where a word is there twice.

    Raises:
        UsageError: a file cannot be read, or a line of it is no entry; the line is named.
    """
    entries: list[Entry] = []
    for path in paths:
        try:
            text = read_bounded(path, MAX_BYTES).decode("utf-8-sig")
        except OSError as error:
            raise UsageError(f"cannot read the lexicon {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"the lexicon {path} is not text: save it as UTF-8") from error
        for number, line in enumerate(text.split("\n"), start=1):
            entry = _entry(line.rstrip("\r"), f"{path}:{number}")
            if entry is not None:
                entries.append(entry)
    return Lexicon(entries)


def _entry(line: str, source: str) -> Entry | None:
    if not line.strip() or line.startswith("#"):
        return None
    cells = [" ".join(cell.split()) for cell in line.split("\t")]
    if len(cells) != 2:
        raise UsageError(f"{source}: this is no entry: write a word, one tab, and its respelling")
    if not all(0 < len(cell) <= MAX_ENTRY for cell in cells):
        raise UsageError(
            f"{source}: a word and its respelling have between 1 and {MAX_ENTRY} characters"
        )
    return Entry(*cells)
