"""Elements within a line that change how it is read: marks of notes, raised figures, quotations.

Where a note is marked by an element that says so, `unread.py` knows. Most books do not say it: a
figure is raised and leads somewhere, or touches a word, or stands in brackets.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from vvcli.script.epub.markup import Tag

_MAX_MARK = 12  # characters
_MAX_OPEN = 8  # elements in one another that are looked at
_NEAR = 8  # pieces of text that are

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")

_FIGURES = re.compile(r"[0-9]{1,4}")
_SHORT = re.compile(r"\w{1,4}")
_SIGNS = re.compile(r"[*†‡§¶]{1,3}|[\[(]\s*(?:[0-9]{1,4}|[*†‡§¶]{1,3}|[a-z])\s*[\])]")
_RETURN = re.compile("[↑↩↵⏎⤴^\N{VARIATION SELECTOR-15}\N{VARIATION SELECTOR-16}]{1,3}")

_QUOTES = ("“”", "‘’")  # of quotations, and of those in them


class _Open(NamedTuple):
    """An element that has begun, before the text of the block from `place` on."""

    name: str
    leads: bool  # to a place in the book
    place: int


class Inline:
    """The elements that are open in a block, whose text is `said`, piece by piece."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._quotes = 0

    def start(self, tag: Tag, said: list[str]) -> str:
        """An element begins; what is said for it."""
        if tag.name == "q":
            self._quotes += 1
            return _QUOTES[(self._quotes - 1) % 2][0]
        if tag.name in ("a", "sub", "sup") and not tag.is_end:
            leads = tag.name == "a" and "#" in tag.attributes.get("href", "")
            self._open.append(_Open(tag.name, leads, len(said)))
            del self._open[:-_MAX_OPEN]
        return ""

    def end(self, name: str, said: list[str]) -> str:
        """An element ends; what is said for it. The mark of a note is taken out of `said`."""
        if name == "q" and self._quotes:
            self._quotes -= 1
            return _QUOTES[self._quotes % 2][1]
        if self._open and self._open[-1].name == name:
            element = self._open.pop()
            if len(said) - element.place > _NEAR:
                return ""
            mark = "".join(said[element.place :]).strip()
            if 0 < len(mark) <= _MAX_MARK and (read := self._read(element, mark, said)) != mark:
                said[element.place :] = [read]
        return ""

    def clear(self) -> None:
        """The block ends, and with it all of them."""
        self._open.clear()
        self._quotes = 0

    def _read(self, element: _Open, text: str, said: list[str]) -> str:
        """How `text`, the last of `said`, is read."""
        before = "".join(said[max(0, element.place - 4) : element.place])
        follows = before[-1:].isalnum()
        if element.name == "sub":
            return text.translate(_LOWERED) if follows and _FIGURES.fullmatch(text) else text
        if _SIGNS.fullmatch(text) and (element.leads or element.name == "sup"):
            return ""
        if element.name == "a":
            if not element.leads:
                return text
            raised = any(each.name == "sup" for each in self._open)
            # A figure that touches what is before it; else it is read, as in "see note 3".
            touches = before[-1:].strip() and _FIGURES.fullmatch(text.translate(_PLAIN))
            is_mark = touches or _RETURN.fullmatch(text) or (raised and _SHORT.fullmatch(text))
            return "" if is_mark else text
        if self._is_in_link(element, said) and _SHORT.fullmatch(text):
            return ""
        if not _FIGURES.fullmatch(text):
            return text
        # After a letter or figure it may be a power, which is for the front end to tell.
        return text.translate(_RAISED) if follows else ""

    def _is_in_link(self, element: _Open, said: list[str]) -> bool:
        """Whether it is all that a link has so far."""
        return any(
            link.leads
            and element.place - link.place <= _NEAR
            and not "".join(said[link.place : element.place]).strip()
            for link in self._open
        )
