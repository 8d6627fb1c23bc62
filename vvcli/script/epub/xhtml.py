"""The blocks of an XHTML document: what is read of it, in the form that Markdown has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import takewhile

from vvcli.script.decode import MAX_BYTES
from vvcli.script.epub.formula import Formula
from vvcli.script.epub.inline import Inline
from vvcli.script.epub.markup import Tag, Text, parse_markup
from vvcli.script.epub.unread import UNREAD, alternative, is_unread
from vvcli.script.markdown import Block, break_line, trim_end

_HEADINGS = {f"h{level}" for level in range(1, 7)}
_LISTS = {"ol", "ul", "menu"}
_BLOCKS = {
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details"),
    *("div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup"),
    *("hr", "html", "li", "main", "nav", "p", "pre", "section", "summary", "table", "tbody"),
    *("td", "tfoot", "th", "thead", "tr", *_HEADINGS, *_LISTS),
}
_EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"}

_NOT_INLINE = _BLOCKS | UNREAD

# What stands right after a word, and after the mark of a note that followed the word; not the
# points of ". . .", and not the apostrophe of "'tis".
_CLOSING = re.compile(r"\s*(?:[,;:!?)\]}»]|[”’](?!\w)|\.(?!\s?\.))")


class Anchors(dict[str, int]):
    """For each wanted id, the number of the block that it stands in or before."""

    def __init__(self, wanted: Iterable[str] = ()) -> None:
        super().__init__()
        self._wanted = frozenset(wanted)

    def note(self, tag: Tag, block: int) -> None:
        """Note the ids of a tag; the first of a name counts."""
        for key in ("id", "name"):
            name = tag.attributes.get(key)
            if name is not None and name in self._wanted:
                self.setdefault(name, block)


def xhtml_blocks(text: str, anchors: Anchors | None = None) -> list[Block]:
    """The blocks of `text` in order; their places go into `anchors`.

    Paragraphs, headings, list items with their numbers and captions are a block each, a row of a
    table its cells, code a line each; images and formulas are their alternative text, and a rule
    is a block without text. Tables of contents and indices, notes and their marks, page breaks, and
    what is hidden are left out.

    >>> [block.text for block in xhtml_blocks("<h1>One</h1><ol><li>two</li></ol>")]
    ['One', '1. two']
    """
    reader = _Reader(Anchors() if anchors is None else anchors)
    for event in parse_markup(text):
        reader.add(event)
    reader.flush()
    return reader.blocks


def one_line(events: Iterable[Tag | Text]) -> str:
    """What is read of a part of a document, on one line."""
    reader = _Reader(Anchors())
    for event in events:
        reader.add(event)
    reader.flush()
    return " ".join(block.text for block in reader.blocks)


class _Reader:
    """What has been read so far, and where in it we are."""

    def __init__(self, anchors: Anchors) -> None:
        self.blocks: list[Block] = []
        self._anchors = anchors
        self._said: list[str] = []  # of the block that is being read; "" where a part is left out
        self._size = 0
        self._broken = False  # by a line break, after which nothing was said yet
        self._line = 1
        self._heading = False
        self._number = ""  # of the list item, until it is said
        self._counters: list[int | None] = []  # of open lists; None in those without numbers
        self._row: list[str] | None = None  # cells
        self._in_code = 0
        self._unread: str | None = None  # the element that is left out
        self._unread_depth = 0
        self._inline = Inline()
        self._formula = Formula()

    def add(self, event: Tag | Text) -> None:
        """Read on."""
        if isinstance(event, Text):
            if self._unread is None:
                self._say(event.text, event.line)
            return
        if self._unread is not None and self._is_left_out(event):
            return
        if event.is_start:
            self._start(event)
        if event.is_end:
            self._end(event.name)

    def flush(self) -> None:
        """End the block that is being read, if it has text."""
        said = " ".join("".join(self._said).split())
        self._said.clear()
        self._size, self._broken = 0, False
        self._inline.clear()
        if not said:
            return
        said, self._number = self._number + said, ""
        if self._row is None:
            self.blocks.append(Block(said, self._line, self._heading))
        else:
            self._row.append(said)

    def _start(self, tag: Tag) -> None:
        name = tag.name
        if name in _BLOCKS and (self._row is None or name in ("table", "tr", "td", "th")):
            self.flush()
        elif name in _BLOCKS:
            self._say(" ", tag.line)
        self._anchors.note(tag, len(self.blocks))
        if is_unread(tag):
            if label := tag.attributes.get("aria-label", "") if name == "svg" else "":
                self._say(f" {label} ", tag.line)
            if not tag.is_end and name not in _EMPTY:
                self._unread, self._unread_depth = name, 1
            self._said.append("")
            return
        if said := self._inline.start(tag, self._said) or self._formula.start(tag):
            self._say(said, tag.line)
        if name in _HEADINGS:
            self._heading = True
        elif name in _LISTS:
            self._counters.append(_whole(tag.attributes.get("start"), 1) if name == "ol" else None)
        elif name == "li":
            self._start_item(tag)
        elif name == "tr":
            self._end_row()
            self._row = []
        elif name == "pre":
            self._in_code += 1
        elif name == "hr":
            self.blocks.append(Block("", tag.line))
        elif name == "br":
            self._broken = True
        elif name == "img":
            words = alternative(tag)
            # A letter that begins a paragraph in large is joined to the rest of its word.
            self._say(words if len(words) == 1 and not self._size else f" {words} ", tag.line)
        elif name == "math" and tag.attributes.get("alttext"):
            self._say(tag.attributes["alttext"], tag.line)
            self._unread, self._unread_depth = (None, 0) if tag.is_end else (name, 1)

    def _end(self, name: str) -> None:
        self._formula.end(name)
        if said := self._inline.end(name, self._said):
            self._say(said, self._line)
        if name in _BLOCKS and name not in _EMPTY:
            if self._row is None or name in ("table", "tr", "td", "th"):
                self.flush()
            else:
                self._say(" ", self._line)
        if name in _HEADINGS:
            self._heading = False
        elif name in _LISTS and self._counters:
            self._counters.pop()
        elif name in ("tr", "table"):
            self._end_row()
        elif name == "pre":
            self._in_code = max(0, self._in_code - 1)
        elif name == "li":
            self._number = ""

    def _start_item(self, tag: Tag) -> None:
        counter = self._counters[-1] if self._counters else None
        if counter is not None:
            counter = _whole(tag.attributes.get("value"), counter)
            self._number = f"{counter}. "
            self._counters[-1] = counter + 1

    def _end_row(self) -> None:
        row, self._row = self._row, None
        if row:
            self.blocks.append(Block(", ".join(row), self._line))

    def _is_left_out(self, tag: Tag) -> bool:
        """Whether `tag` belongs to what is left out; inline elements end with their block."""
        name = tag.name
        if name == self._unread:
            self._unread_depth += tag.is_start - tag.is_end
            if self._unread_depth <= 0:
                self._unread = None
            return True
        if name == "body" or (name in _BLOCKS and self._unread not in _NOT_INLINE):
            self._unread = None
        return self._unread is not None

    def _say(self, text: str, line: int) -> None:
        if self._in_code and self._row is None:
            first, *others = text.split("\n")
            self._take(first, line)
            for number, each in enumerate(others, start=1):
                self.flush()
                self._take(each, line + number)
        else:
            self._take(text, line)

    def _take(self, text: str, line: int) -> None:
        if not text.strip():
            self._said.append(" ")
            return
        if not self._size:
            lead = text[: len(text) - len(text.lstrip())]
            self._line = line + lead.count("\n")
        elif self._broken:
            break_line(self._said)
            text = text.lstrip()
        elif _CLOSING.match(text) and self._is_cut():
            trim_end(self._said)
            text = text.lstrip()
        self._broken = False
        if self._size <= MAX_BYTES:  # one too long is said to be so, whatever else is in it
            self._said.append(text)
            self._size += len(text)

    def _is_cut(self) -> bool:
        """Whether something was left out after the last word."""
        return "" in takewhile(lambda said: not said.strip(), reversed(self._said))


def _whole(text: str | None, default: int) -> int:
    """The number in an attribute, if it is one of a reasonable size."""
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 7 else default
