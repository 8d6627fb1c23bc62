"""XHTML as a run of tags and text, in one pass, whatever is wrong with it.

Not through `html.parser`: up to the releases of 2025 it goes through the rest of the document for
each tag, comment or declaration that has no end, so that 200 KB of `<!--` take over a minute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from vvcli.script.epub.xml import unescape

MAX_ATTRIBUTES = 1 << 14  # characters of a tag that are looked at; what follows is dropped

_TAG_NAME = re.compile(r"[A-Za-z_][^\s/>\"'<=]*")
_ATTRIBUTE = re.compile(r"""([^\s=/"'<>]+)(?:\s*=\s*("[^"]*"?|'[^']*'?|[^\s"'][^\s]*))?""")
_IN_TAG = re.compile(r"[^>\"']*")
_RAW = {name: re.compile(rf"</{name}\b", re.I) for name in ("script", "style")}
_BREAK = re.compile(r"\r\n?")

# How what is neither text nor a tag begins, and ends.
_SECTIONS = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">"))


class Tag(NamedTuple):
    """A tag: its name without a prefix, in lower case."""

    name: str
    attributes: dict[str, str]  # the names in lower case, without prefixes; empty at an end
    is_start: bool
    is_end: bool  # `<br/>` is both
    line: int  # from 1


class Text(NamedTuple):
    """Text between tags, with its references replaced, and the line where it begins."""

    text: str
    line: int


def parse_markup(text: str) -> Iterator[Tag | Text]:
    """The tags and texts of a document in order.

    A `<` that begins no tag is text; a tag or section that never ends takes the rest with it.
    Each character is looked at a bounded number of times.
    """
    text = _BREAK.sub("\n", text)
    position, line, counted = 0, 1, 0
    pending: list[str] = []
    pending_line = 1
    while position < len(text):
        opening = text.find("<", position)
        opening = len(text) if opening < 0 else opening
        if opening > position:
            line, counted = line + text.count("\n", counted, position), position
            pending_line = pending_line if pending else line
            pending.append(unescape(text[position:opening]))
        if opening == len(text):
            break
        position, found = opening, ""
        line, counted = line + text.count("\n", counted, opening), opening
        section = next((each for each in _SECTIONS if text.startswith(each[0], opening)), None)
        if section is not None:
            end = text.find(section[1], opening + len(section[0]))
            if end < 0:
                break
            found = text[opening + 9 : end] if section[0] == "<![CDATA[" else ""
            position = end + len(section[1])
        else:
            is_end = text.startswith("/", opening + 1)
            name = _TAG_NAME.match(text, opening + 1 + is_end)
            if name is None:
                found, position = "<", opening + 1
            else:
                end = _end_of_tag(text, name.end())
                if end < 0:
                    break
                if pending:
                    yield Text("".join(pending), pending_line)
                    pending = []
                tag = _tag(name[0], text[name.end() : end], is_end, line)
                yield tag
                position = end + 1
                raw = _RAW.get(tag.name)
                if raw is not None and tag.is_start and not tag.is_end:
                    closing = raw.search(text, position)
                    if closing is None:
                        break
                    position = closing.start()
                continue
        if found:
            pending_line = pending_line if pending else line
            pending.append(found)
    if pending:
        yield Text("".join(pending), pending_line)


def _end_of_tag(text: str, position: int) -> int:
    """Where the `>` of the tag is, which is not inside quotes; -1 if it has none."""
    while True:
        found = _IN_TAG.match(text, position)
        position = found.end() if found else len(text)
        if position == len(text):
            return -1
        if text[position] == ">":
            return position
        closing = text.find(text[position], position + 1)
        if closing < 0:
            return text.find(">", position)
        position = closing + 1


def _tag(name: str, rest: str, is_end: bool, line: int) -> Tag:
    is_empty = rest.endswith("/")
    attributes: dict[str, str] = {}
    if not is_end:
        for found in _ATTRIBUTE.finditer(rest[:MAX_ATTRIBUTES].removesuffix("/")):
            value = found[2] or ""
            if value[:1] in ("'", '"'):
                value = value[1:].removesuffix(value[0])
            attributes.setdefault(_local(found[1]), unescape(value))
    return Tag(_local(name), attributes, not is_end, is_end or is_empty, line)


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()
