"""The table of contents of a book: titles, and where each begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from vvcli.script.epub.archive import resolve
from vvcli.script.epub.markup import Text, parse_markup
from vvcli.script.epub.xml import decode_document, parse_xml
from vvcli.script.title import plain_title

MAX_ENTRIES = 10_000


class ContentsEntry(NamedTuple):
    """A line of the table of contents."""

    title: str
    document: str  # the member
    fragment: str  # the id in it; empty: its beginning


def entries_of_ncx(raw: bytes, member: str, where: str) -> Iterator[ContentsEntry]:
    """The entries of `toc.ncx` (EPUB 2), those in others after them.

    Raises:
        UsageError: it is no XML, or declares entities.
    """
    for point in parse_xml(raw, where).iter("navPoint"):
        text, content = point.find("navLabel/text"), point.find("content")
        title = "" if text is None else "".join(text.itertext())
        source = "" if content is None else content.get("src", "")
        yield from _entry(title, member, source)


def entries_of_nav(raw: bytes, member: str) -> Iterator[ContentsEntry]:
    """The entries of `nav.xhtml` (EPUB 3), those in others after them."""
    text, _ = decode_document(raw)
    inside = 0  # of the nav element
    link: str | None = None
    title: list[str] = []
    for event in parse_markup(text):
        if isinstance(event, Text):
            if link is not None:
                title.append(event.text)
            continue
        if event.name == "nav":
            kinds = f"{event.attributes.get('type', '')} {event.attributes.get('role', '')}"
            is_contents = not {"toc", "doc-toc"}.isdisjoint(kinds.split())
            if event.is_start and (inside or is_contents):
                inside += 1
            if event.is_end and inside:
                inside -= 1
                if not inside:
                    return
        elif inside and event.name == "a":
            if link is not None:
                yield from _entry("".join(title), member, link)
            link = event.attributes.get("href") if event.is_start and not event.is_end else None
            title = []
        elif inside and event.name == "img" and link is not None:
            title.append(event.attributes.get("alt", ""))
    if link is not None:
        yield from _entry("".join(title), member, link)


def _entry(title: str, member: str, reference: str) -> Iterator[ContentsEntry]:
    document = resolve(member, reference) if reference else None
    if document is not None:
        yield ContentsEntry(plain_title(title), document, reference.partition("#")[2])
