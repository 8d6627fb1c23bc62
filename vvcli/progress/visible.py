r"""Text from files, names and other people as it is shown: it cannot steer a terminal.

An escape sequence in a file's name would move the cursor or change the title, a newline would
begin a line that looks like ours, a mark of direction would show a name backwards. Whoever shows
text to a person passes it through here on its way out, and nobody before.
"""

from __future__ import annotations

import re
import unicodedata

# A message is one sentence; an argument of a million characters is not shown whole.
MAX_LENGTH = 4000

# Invisible, and at home in text: soft hyphen, and the joiners of Persian, Hindi and emoji.
_KEPT = "\u00ad\u200c\u200d"
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")


def visible(text: str, max_length: int = MAX_LENGTH) -> str:
    r"""`text` on one line: line breaks are spaces, and what steers a terminal is written out.

    >>> visible("a\x1b[2J\nb")
    'a\\x1b[2J b'
    """
    if len(text) > max_length:
        text = text[:max_length] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, _BREAKS.sub(" ", text)))


def visible_columns(text: str, max_length: int = MAX_LENGTH) -> str:
    """The same where tabs stand between columns, and stay."""
    if len(text) <= max_length and text.isascii() and text.replace("\t", "").isprintable():
        return text  # a plan may have millions of such lines
    return "\t".join(visible(column, max_length) for column in text.split("\t"))


def _shown(character: str) -> str:
    """`character`, or its escape sequence in Python's notation if it would not be seen."""
    if character.isprintable() or character in _KEPT:
        return character
    # Controls, marks of format such as those of direction, halves of surrogate pairs. Spaces of
    # any width, private and unassigned characters do nothing.
    if unicodedata.category(character) in ("Cc", "Cf", "Cs"):
        return character.encode("unicode_escape").decode("ascii")
    return character
