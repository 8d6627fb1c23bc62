"""The table of contents of a book: titles, and where each begins."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree.ElementTree import Element

from vvcli.script.epub.archive import resolve
from vvcli.script.epub.markup import Tag, Text, parse_markup
from vvcli.script.epub.xhtml import one_line
from vvcli.script.epub.xml import decode_document, parse_xml
from vvcli.script.title import plain_title

MAX_ENTRIES = 10_000


class ContentsEntry(NamedTuple):
    """A line of the table of contents."""

    title: str
    document: str  # the member
    fragment: str  # the id in it; empty: its beginning


@dataclass
class _Item:
    """A line of the contents, and the one that it stands under.

    The part of a book often has no link: it begins where the first line under it does.
    """

    parent: _Item | None = None
    title: str = ""
    is_placed: bool = False  # it, or a line under it, has begun

    def place(self, document: str, fragment: str) -> Iterator[ContentsEntry]:
        """The entry of this line, after those of the parts that begin with it."""
        titles = [self.title]
        self.is_placed, part = True, self.parent
        while part is not None and not part.is_placed:
            titles += [part.title] * bool(part.title)
            part.is_placed, part = True, part.parent
        for title in reversed(titles):
            yield ContentsEntry(title, document, fragment)


def entries_of_ncx(
    raw: bytes, member: str, spine: Collection[str], where: str
) -> Iterator[ContentsEntry]:
    """The entries of `toc.ncx` (EPUB 2) that lead to `spine`, those in others after them.

    Raises:
        UsageError: it is no XML, or declares entities.
    """
    pending: list[tuple[Element, _Item]] = [(parse_xml(raw, where), _Item())]
    while pending:
        element, item = pending.pop()
        if element.tag == "navPoint":
            text, content = element.find("navLabel/text"), element.find("content")
            title = "" if text is None else "".join(text.itertext())
            item = _Item(item, plain_title(title))
            if source := "" if content is None else content.get("src", ""):
                yield from _place(item, member, source, spine)
        pending.extend((child, item) for child in reversed(element))


def entries_of_nav(raw: bytes, member: str, spine: Collection[str]) -> Iterator[ContentsEntry]:
    """The entries of `nav.xhtml` (EPUB 3) that lead to `spine`, those in others after them."""
    text, _ = decode_document(raw)
    inside = 0  # of the nav element
    reader = _NavReader(member, spine)
    for event in parse_markup(text):
        if isinstance(event, Tag) and event.name == "nav":
            kinds = f"{event.attributes.get('type', '')} {event.attributes.get('role', '')}"
            is_contents = not {"toc", "doc-toc"}.isdisjoint(kinds.split())
            if event.is_start and (inside or is_contents):
                inside += 1
            if event.is_end and inside:
                inside -= 1
                if not inside:
                    break
        elif inside:
            yield from reader.add(event)
    yield from reader.end_link()


class _NavReader:
    """Reads the lists of a nav element."""

    def __init__(self, member: str, spine: Collection[str]) -> None:
        self._member = member
        self._spine = spine
        self._item = _Item()
        self._lists: list[_Item] = []  # that are open, each by the item it stands in
        self._link: str | None = None
        self._label: list[Tag | Text] = []  # of the link, or of the item before its list

    def add(self, event: Tag | Text) -> Iterator[ContentsEntry]:
        """The entries that end with `event`."""
        if isinstance(event, Text) or event.name not in ("a", "li", "ol", "ul"):
            self._label.append(event)
            return
        reference = event.attributes.get("href") if event.is_start else None
        if event.name == "a" and reference is None and self._link is None:
            return  # text of an item without a link
        yield from self.end_link()
        if event.name == "a":
            self._link = None if event.is_end else reference
        elif event.name == "li":  # whose end may be left out
            outer = self._lists[-1] if self._lists else self._item
            self._item = _Item(outer) if event.is_start else outer
        elif event.is_start:
            if self._lists and not self._item.title:
                self._item.title = self._title()
            self._lists.append(self._item)
        elif self._lists:
            self._item = self._lists.pop()
        self._label.clear()

    def end_link(self) -> Iterator[ContentsEntry]:
        """The entries that end with the link that is open, if one is."""
        if self._link is None:
            return
        reference, self._link = self._link, None
        if self._item.is_placed:  # by another link of the same item
            self._item = _Item(self._item.parent)
        self._item.title = self._title()
        yield from _place(self._item, self._member, reference, self._spine)

    def _title(self) -> str:
        return plain_title(one_line(self._label))


def _place(
    item: _Item, member: str, reference: str, spine: Collection[str]
) -> Iterator[ContentsEntry]:
    """The entries that begin where the link of `item` leads; none outside of the text."""
    document = resolve(member, reference) if reference else None
    if document is not None and document in spine:
        yield from item.place(document, reference.partition("#")[2])
    else:
        item.title = ""
