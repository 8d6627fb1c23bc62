"""Third pass: the words of the items, joined; one space between words, one stop where several are.

Every word of an item stands apart from those of the next, whatever stood between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from vvcli.frontend.item import Found

_UNKNOWN = re.compile("[^a-z',.?! ]")  # to the voice
_STOPS = re.compile(r"\s*([,.?!])[\s,.?!]*")


def verbalize(items: Iterable[Found], british: bool = False) -> str:
    """What is spoken: lower-case words, commas, and the stops that are in the text."""
    said = " ".join(
        [
            words + "." if ends_sentence else words
            for value, _, _, ends_sentence in items
            if (words := value.words(british)) or ends_sentence
        ]
    )
    return tidy(" ".join(_UNKNOWN.sub("", said).split()))


def tidy(said: str) -> str:
    """`said` with its stops after words, the strongest where several meet."""
    if "," in said or "." in said or "?" in said or "!" in said:
        said = _STOPS.sub(_strongest, said)
    return said.lstrip(",.?! ").rstrip(", ")


def _strongest(match: re.Match[str]) -> str:
    stops = match[0]
    if "?" in stops:
        return "? "
    if "!" in stops:
        return "! "
    return ". " if "." in stops else ", "
