"""Titles as they can be shown and written into files."""

from __future__ import annotations

MAX_TITLE = 300  # characters


def plain_title(text: str) -> str:
    """`text` on one line, without controls, and cut to a length that players show."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= MAX_TITLE else f"{words[: MAX_TITLE - 1].rstrip()}…"
