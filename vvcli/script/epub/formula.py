"""Formulas in MathML that have no words of their own: their signs, in a line."""

from __future__ import annotations

from vvcli.script.epub.markup import Tag

_MAX_DEPTH = 200

# Between the first and the second part of an element, and before its first.
_BETWEEN = {"mfrac": " over ", "msup": "^"}
_BEFORE = {"msqrt": " the square root of "}


class Formula:
    """The elements that are open in a formula."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._parts: list[int] = []  # that each of them has so far

    def start(self, tag: Tag) -> str:
        """An element begins; what is said before it. Outside of formulas, nothing."""
        if not self._open and tag.name != "math":
            return ""
        said = _BEFORE.get(tag.name, "")
        if self._open:
            self._parts[-1] += 1
            if self._parts[-1] == 2:
                said = _BETWEEN.get(self._open[-1], "") + said
        if not tag.is_end and len(self._open) < _MAX_DEPTH:
            self._open.append(tag.name)
            self._parts.append(0)
        return said

    def end(self, name: str) -> None:
        """An element ends, and what is still open in it."""
        if name in self._open:
            while self._open.pop() != name:
                self._parts.pop()
            self._parts.pop()
