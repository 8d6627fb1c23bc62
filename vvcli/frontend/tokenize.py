"""First pass: a clause as tokens, each with its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from itertools import accumulate
from typing import NamedTuple

_BASE = (
    "[\u00a9\u00ae\u203c\u2049\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_MODIFIERS = "[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]{0,8}"

# Letters and digits are separate tokens: "5kg" is two, and so is "H2O" three. An apostrophe
# between letters belongs to the word.
_PIECES = {
    "space": r"\s+",
    "word": r"[^\W\d_]+(?:'[^\W\d_]+)*",
    "pictograph": (
        r"[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{2}"
        rf"|{_BASE}{_MODIFIERS}(?:\u200d{_BASE}{_MODIFIERS}){{0,8}}"
    ),
    "number": "[0-9]+",
    "stop": "[.?!]+",
}
# Others are signs; a run of one sign is one token.
_TOKEN = re.compile(rf"({'|'.join(_PIECES.values())}|(.)\2*)", re.DOTALL)
_SIGNS = {"punctuation": r"[,;:()\[\]{}\"'—–-]+", "symbol": ".+"}
_KIND = re.compile(
    "|".join(f"(?P<{kind}>{piece})" for kind, piece in {**_PIECES, **_SIGNS}.items()), re.DOTALL
)
_MAX_KINDS = 1 << 14  # kept in mind; a server may meet any number of words


class _Kinds(dict[str, str]):
    """The kind of a token by its text."""

    def __missing__(self, text: str) -> str:
        if len(self) >= _MAX_KINDS:
            self.clear()
        match = _KIND.match(text)
        kind = self[text] = (match and match.lastgroup) or "symbol"
        return kind


_KINDS = _Kinds()


class Token(NamedTuple):
    """A piece of a clause that no rule takes apart."""

    kind: str  # space, word, pictograph, number, stop, punctuation, symbol
    text: str
    start: int  # in the clause

    @property
    def end(self) -> int:
        """The place after it."""
        return self.start + len(self.text)


# Without the checks of arguments that take half of the time.
_new: Callable[[tuple[str, str, int]], Token] = partial(tuple.__new__, Token)


def tokenize(clause: str) -> list[Token]:
    """The tokens of `clause`; joined, they are `clause`.

    >>> [(token.kind, token.text) for token in tokenize("it's 5kg.")]
    [('word', "it's"), ('space', ' '), ('number', '5'), ('word', 'kg'), ('stop', '.')]
    """
    # All of it in loops of the interpreter's own: there is a token for every few characters.
    texts = [text for text, _ in _TOKEN.findall(clause)]
    starts = accumulate(map(len, texts), initial=0)
    return list(map(_new, zip(map(_KINDS.__getitem__, texts), texts, starts, strict=False)))
