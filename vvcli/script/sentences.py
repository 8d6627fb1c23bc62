"""Where sentences end."""

from __future__ import annotations

from itertools import accumulate

import sentencex

from vvcli.errors import is_rust_panic

_LANGUAGE = "en"  # its rules also know the marks of Chinese, Japanese, Hindi, Arabic, Armenian

# sentencex takes quadratic time for some text: 20 s for 120,000 characters of Chinese. So it sees
# WINDOW characters at a time. Its rules look at the words beside a mark and from one bracket or
# quotation mark to the other: an end counts where MARGIN characters on both sides were seen.
WINDOW = 8192
MARGIN = 1024

# Quotation marks that open and close alike. Where one occurs an odd number of times in all,
# sentencex takes a pair of them for none.
_QUOTES = ("``", "''", "`", "'", '"', "‚", "‛", "‟")

# sentencex takes every white space for one byte long and panics beside a no-break space after a
# full stop; and it cannot be given half of a surrogate pair. Neither matters to where a sentence
# ends, so it sees a copy of the same length.
_HARMLESS = {code: " " for code in range(0x3001) if chr(code).isspace()}
_HARMLESS |= dict.fromkeys(range(0xD800, 0xE000), "?")


def sentence_ends(text: str) -> list[int]:
    """The offsets at which a sentence of `text` ends, white space after it included.

    The last is the length of `text`; there is none if `text` is empty. They are the ends that
    sentencex finds in the whole of `text`, unless that is longer than WINDOW and has a quotation
    that is never closed, or a word, bracket, quotation or sentence longer than MARGIN: there may
    be other ends around those. The time grows with the length of `text`.
    """
    quotes = _odd_quotes(text)
    ends: list[int] = []
    start = known = 0
    while start < len(text):
        window = text[start : start + WINDOW]
        is_last = start + WINDOW >= len(text)
        edge = len(text) if is_last else start + WINDOW - MARGIN
        # As many of each mark as make it even or odd as in the whole text; they also close the
        # quotation in which the window stops.
        marks = " ".join(["", *sorted(quotes ^ _odd_quotes(window))])
        found = [start + end for end in _ends_in(window + marks)]
        ends += [end for end in found if known < end <= edge]
        if is_last:
            break
        # The next window begins at an end, which is outside of any quotation, if one is near.
        near = [end for end in found if start + WINDOW // 2 < end <= edge - MARGIN]
        known, start = edge, near[-1] if near else edge - MARGIN
    if text and ends[-1:] != [len(text)]:
        ends.append(len(text))
    return ends


def _odd_quotes(text: str) -> set[str]:
    return {quote for quote in _QUOTES if text.count(quote) % 2}


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
