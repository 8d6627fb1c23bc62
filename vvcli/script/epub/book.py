"""A book: its chapters in reading order, and their records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple

from vvcli.errors import UsageError
from vvcli.script.decode import MAX_BYTES, find_control
from vvcli.script.epub.archive import Archive
from vvcli.script.epub.navigation import (
    MAX_ENTRIES,
    ContentsEntry,
    entries_of_nav,
    entries_of_ncx,
)
from vvcli.script.epub.package import Package, read_package
from vvcli.script.epub.xhtml import Anchors, xhtml_blocks
from vvcli.script.epub.xml import MAX_XML, declares_entities, decode_document
from vvcli.script.markdown import Block
from vvcli.script.record import Record
from vvcli.script.title import plain_title

MAX_DOCUMENT = 16 << 20  # bytes of one XHTML document
MAX_MARKUP = 64 << 20  # bytes of all of them, of which no book of words has a tenth
MAX_BLOCKS = 1_000_000
MAX_COVER = 10 << 20  # bytes


class Passage(NamedTuple):
    """A block of a document that is spoken as one record."""

    text: str
    source: str  # "book.epub:OEBPS/chapter1.xhtml:12"
    is_heading: bool = False
    error: str | None = None  # why it cannot be read

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to say, nor anything wrong."""
        return not self.text and self.error is None


@dataclass
class Chapter:
    """A chapter of the book, as its table of contents has it."""

    title: str
    passages: list[Passage] = field(default_factory=list)

    def records(self, first_index: int) -> Iterator[Record]:
        """One record a passage."""
        for index, passage in enumerate(self.passages, start=first_index):
            yield Record(
                index,
                passage.text,
                passage.source,
                error=passage.error,
                is_heading=passage.is_heading,
            )


@dataclass(frozen=True)
class Book:
    """What is read of an EPUB file.

    `chapters` are in reading order; each has something to say. `cover` is called an image by the
    book, and may be anything; `no_cover` says why that image could not be read.
    """

    title: str | None
    author: str | None
    language: str | None
    chapters: list[Chapter]
    cover: bytes | None
    no_cover: str | None = None


def read_book(file: BinaryIO, name: str) -> Book:
    """The book in `file`, which can seek and is called `name` in messages.

    A document that is missing or no text is a passage with an error.

    Raises:
        UsageError: the file is no EPUB, is damaged or encrypted, or is beyond the limits.
    """
    if not file.seekable():
        raise UsageError(f"{name} is an EPUB, which is read from a file, not from a pipe")
    archive = Archive(file, name)
    package = read_package(archive)
    entries = _entries(archive, package)
    return Book(
        package.title,
        package.author,
        package.language,
        _chapters(archive, package, entries),
        *_cover(archive, package),
    )


def read_epub(file: BinaryIO, name: str, first_index: int = 0) -> Iterator[Record]:
    """The records of all chapters, numbered from `first_index`.

    Raises:
        UsageError: as `read_book`.
    """
    for chapter in read_book(file, name).chapters:
        yield from chapter.records(first_index)
        first_index += len(chapter.passages)


def _entries(archive: Archive, package: Package) -> list[ContentsEntry]:
    """The table of contents, as far as it leads to the spine: of EPUB 3, or else of EPUB 2."""
    found: list[ContentsEntry] = []
    spine = frozenset(package.spine)
    if package.nav is not None and package.nav in archive:
        found.extend(entries_of_nav(archive.read(package.nav, MAX_XML), package.nav, spine))
    if not found and package.ncx is not None and package.ncx in archive:
        where = f"{archive.name}: {package.ncx}"
        found.extend(entries_of_ncx(archive.read(package.ncx, MAX_XML), package.ncx, spine, where))
    if len(found) > MAX_ENTRIES:
        raise UsageError(f"{archive.name} has more than {MAX_ENTRIES} lines of contents")
    return found


def _chapters(archive: Archive, package: Package, entries: list[ContentsEntry]) -> list[Chapter]:
    chapters: list[Chapter] = []
    wanted: dict[str, list[ContentsEntry]] = {}
    for entry in entries:
        wanted.setdefault(entry.document, []).append(entry)
    blocks_read, room = 0, MAX_MARKUP
    for document in package.spine:
        here = wanted.get(document, [])
        anchors = Anchors(entry.fragment for entry in here)
        passages, size = _passages(archive, document, anchors, min(room, MAX_DOCUMENT))
        blocks_read, room = blocks_read + len(passages), room - size
        if blocks_read > MAX_BLOCKS:
            raise UsageError(f"{archive.name} has more than {MAX_BLOCKS} paragraphs")
        starts: dict[int, list[str]] = {}
        for entry in here:
            starts.setdefault(anchors.get(entry.fragment, 0), []).append(entry.title)
        if not chapters or (not entries and _heading(passages)):
            starts.setdefault(0, [""])
        for i, passage in enumerate([*passages, None]):  # an anchor may stand after the last
            if i in starts:
                chapters.append(Chapter(": ".join(filter(None, starts[i]))))
            if passage is not None:
                chapters[-1].passages.append(passage)
    fallback = package.title or PurePosixPath(archive.name).stem
    spoken = [c for c in chapters if not all(passage.is_blank for passage in c.passages)]
    for chapter in spoken:
        chapter.title = chapter.title or plain_title(_heading(chapter.passages) or fallback)
    return spoken


def _passages(
    archive: Archive, document: str, anchors: Anchors, limit: int
) -> tuple[list[Passage], int]:
    """The passages of a document of at most `limit` bytes, and its size."""
    where = f"{archive.name}:{document}"
    if document not in archive:
        return [Passage("", where, error=f"{where} is not in the file")], 0
    raw = archive.read(document, limit)
    text, failed = decode_document(raw)
    if failed is None and declares_entities(text):
        failed = "it declares entities, which are refused"
    if failed is not None:
        return [Passage("", where, error=f"{where}: {failed}")], len(raw)
    return [_passage(block, where) for block in xhtml_blocks(text, anchors)], len(raw)


def _passage(block: Block, where: str) -> Passage:
    source = f"{where}:{block.line}"
    error = None
    if len(block.text) > MAX_BYTES:
        error = f"{source}: the paragraph is longer than {MAX_BYTES} characters"
    elif found := find_control(block.text):
        error = f"{source}: {found}: this is not text"
    if error is not None:
        return Passage("", source, error=error)
    return Passage(block.text, source, block.is_heading)


def _heading(passages: list[Passage]) -> str | None:
    """The first heading."""
    return next((each.text for each in passages if each.is_heading and each.text), None)


def _cover(archive: Archive, package: Package) -> tuple[bytes | None, str | None]:
    """The content of the image that the book names, and why it has none."""
    if package.cover is None:
        return None, None
    if package.cover not in archive:
        return None, f"{archive.name}: its cover {package.cover!r} is not in the file"
    try:
        return archive.read(package.cover, MAX_COVER), None
    except UsageError as error:  # the text can be read without
        return None, str(error)
