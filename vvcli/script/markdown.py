"""Markdown: its headings, paragraphs, list items and table rows as records, without their marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from vvcli.script.decode import check_start, decode, one_line
from vvcli.script.record import Record

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_DOCUMENT = 64 << 20  # bytes

_TAG = re.compile(r"<[^<>]{0,1000}>")
_BREAK = re.compile(r"<br[\s/>]", re.I)
_FRONT_MATTER = re.compile(r"\A---\n.{0,20000}?\n(?:---|\.\.\.)\n", re.DOTALL)
_STOPS = (".", "?", "!", ":", ";", ",", "…", "—")  # which are a pause already
_QUOTES = "\"'”’»)]"  # which may stand after them


class Block(NamedTuple):
    """A block that is spoken as one record, and its first line, from 1."""

    text: str
    line: int
    is_heading: bool = False


def read_markdown(file: BinaryIO, name: str, first_index: int = 0) -> Iterator[Record]:
    """One record a block of the file, with its line; a file that is not text is one failed record.

    The whole file is read first: what a line is depends on those before it.

    Raises:
        UsageError: the file does not begin like text.
    """
    check_start(file, name)
    raw = file.read(MAX_DOCUMENT + 1)
    if len(raw) > MAX_DOCUMENT:
        error = f"{name} is longer than {MAX_DOCUMENT} bytes: split it"
        yield Record(first_index, "", name, error=error)
        return
    text, failed = decode(raw.removeprefix(b"\xef\xbb\xbf"), name)
    if failed is not None:
        yield Record(first_index, "", name, error=failed)
        return
    for index, block in enumerate(blocks(text), start=first_index):
        yield Record(index, block.text, f"{name}:{block.line}", is_heading=block.is_heading)


def blocks(text: str) -> list[Block]:
    """The blocks of `text` in order.

    Emphasis, links and headings are their text, images their alternative text, a row of a table
    its cells; code is read plainly, a line each, and commands in it are not obeyed; HTML tags,
    comments and front matter are dropped. A thematic break is a block without text.

    >>> [block.text for block in blocks("# One\\n\\n- *two*\\n- [three](x)")]
    ['One', 'two', 'three']
    """
    from markdown_it import MarkdownIt  # 0.1 s to import

    text = text.replace("\r\n", "\n").replace("\r", "\n")
    matter = _FRONT_MATTER.match(text)
    skipped = matter[0].count("\n") if matter else 0
    text = text[matter.end() :] if matter else text
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    found: list[Block] = []
    line = 1
    row: list[str] | None = None
    number = ""
    in_heading = False
    for token in parser.parse(text):
        line = skipped + token.map[0] + 1 if token.map else line
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            found.append(Block(", ".join(filter(None, row)), line))
            row = None
        elif token.type in ("heading_open", "heading_close"):
            in_heading = token.type == "heading_open"
        elif token.type == "list_item_open":
            number = f"{token.info}. " if token.info else ""
        elif token.type == "inline":
            said = number + _inline(token)
            number = ""
            if row is None:
                found.append(Block(said, line, in_heading))
            else:
                row.append(said)
        elif token.type in ("fence", "code_block"):
            code = _code(token.content).rstrip("\n").split("\n")
            first = line + (token.type == "fence")
            found += [Block(each.strip(), first + i) for i, each in enumerate(code)]
        elif token.type == "html_block":
            found.append(Block(" ".join(_TAG.sub(" ", token.content).split()), line))
        elif token.type == "hr":
            found.append(Block("", line))
    return found


def _code(content: str) -> str:
    """Code as it is spoken: `[[voice x]]` is no command in it."""
    return content.replace("[[", "[ [")


def _inline(token: Token) -> str:
    """The text of a paragraph, heading, item or cell."""
    said: list[str] = []
    is_broken = False  # by a line break, after which nothing was said yet
    for child in token.children or ():
        if child.type in ("text", "image"):
            text = child.content
        elif child.type == "code_inline":
            text = _code(child.content)
        else:
            text = " " if child.type == "softbreak" else ""
            is_html = child.type == "html_inline"
            is_broken |= child.type == "hardbreak" or (
                is_html and bool(_BREAK.match(child.content))
            )
        if is_broken and text.strip():
            break_line(said)
            is_broken = False
        said.append(text)
    return one_line("".join(said))


def break_line(said: list[str]) -> None:
    """Break the line after the pieces of text in `said`: that is a pause, as of a comma."""
    trim_end(said)
    if said:
        end = "".join(said[-4:]).rstrip(_QUOTES)
        said.append(" " if end.endswith(_STOPS) else ", ")


def trim_end(said: list[str]) -> None:
    """Take away the spaces after the last word of `said`."""
    while said and not said[-1].strip():
        said.pop()
    if said:
        said[-1] = said[-1].rstrip()
