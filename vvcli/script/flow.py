"""Where the first sentence ends in text that is still being written."""

from __future__ import annotations

import re

from vvcli.script.sentences import is_whole

# Characters without a sentence end that are kept waiting for one.
MAX_FLOW = 4096

# Marks that may end a sentence with what closes after them: white space has to follow, except
# after the marks of Chinese and Japanese.
_MARKS = re.compile(
    r"""[.!?…։؟۔।॥]["'”’)\]»*_]*(?=\s)|[。！？][。！？"'”’）」』】]*(?=[^。！？"'”’）」』】])"""
)


def first_end(text: str) -> int:
    """The length of the first piece of `text`, 0 if more has to come."""
    for found in _MARKS.finditer(text, 0, MAX_FLOW):
        following = text[found.end() :].lstrip()[:1]
        if is_whole(text[: found.end()], following):
            return found.end()
    if len(text) <= MAX_FLOW:
        return 0
    words = text[:MAX_FLOW].rstrip().rsplit(maxsplit=1)
    return MAX_FLOW if len(words) < 2 else text.rindex(words[1], 0, MAX_FLOW)


def next_piece(text: str) -> int:
    """The length of the first sentence or line of `text`, 0 if more has to come."""
    line = text.find("\n") + 1
    return first_end(text[:line] if line else text) or line
