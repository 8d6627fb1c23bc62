"""Where sentences end."""

from __future__ import annotations

from itertools import accumulate

import sentencex

from vvcli.errors import is_rust_panic

_LANGUAGE = "en"  # its rules also know the marks of Chinese, Japanese, Hindi, Arabic, Armenian

# sentencex takes quadratic time for some text: 20 s for 120,000 characters of Chinese.
WINDOW = 2048
MARGIN = 64

# sentencex takes every white space for one byte long and panics beside a no-break space after a
# full stop; and it cannot be given half of a surrogate pair. Neither matters to where a sentence
# ends, so it sees a copy of the same length.
_HARMLESS = {code: " " for code in range(0x3001) if chr(code).isspace()}
_HARMLESS |= dict.fromkeys(range(0xD800, 0xE000), "?")


def sentence_ends(text: str) -> list[int]:
    """The offsets at which a sentence of `text` ends, white space after it included.

    The last is the length of `text`; there is none if `text` is empty. Text is read WINDOW
    characters at a time: what is one sentence for longer than that may be given ends in between.
    """
    ends: list[int] = []
    start = 0
    while len(text) - start > WINDOW:
        # What follows decides about an end that is close to the edge: it is found again.
        edge = WINDOW - MARGIN
        found = [end for end in _ends_in(text[start : start + WINDOW]) if end <= edge]
        ends += [start + end for end in found]
        start = ends[-1] if found else start + edge
    ends += [start + end for end in _ends_in(text[start:])]
    return [*ends, len(text)] if text else []


def _ends_in(text: str) -> list[int]:
    """The offsets at which a sentence of `text` ends before `text` does."""
    try:
        sentences = sentencex.segment(_LANGUAGE, text.translate(_HARMLESS))
    except BaseException as error:
        if not is_rust_panic(error):
            raise
        sentences = []
    ends = [end for end in accumulate(map(len, sentences)) if 0 < end < len(text)]
    # Only marks such as those of Chinese end a sentence in the middle of what has no spaces; the
    # library cuts ".:" in two.
    return [end for end in ends if text[end - 1].isspace() or not text[end - 1].isascii()]


def is_whole(text: str, following: str = "") -> bool:
    """Whether a sentence is known to end where `text` does: not after "Dr.", "J." or "5.".

    `following` is the next character if it is known already: in lower case it makes one sentence
    of `"Why?" she asked`.
    """
    if not any(char.isalpha() for char in text):
        return False
    start = text.rstrip() + " "
    # A name may follow anything; a word such as "Then" would make a sentence end of "Dr." too.
    names = ["smith"] if following.islower() else ["Smith"] if following else ["Smith", "smith"]
    return all(len(start) in sentence_ends(f"{start}{name} is.") for name in names)
