"""Splits a record that is too long for the model at sentence ends."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from vvcli.frontend.commands import Segment
from vvcli.script.record import Record

# A part has at most so many characters a token, and may have MIN_REACH: no longer text is tried, so
# that the time to split grows with the text and not with its square. Ordinary text has 1 to 5
# characters a token.
CHARACTERS_PER_TOKEN = 8
MIN_REACH = 256

# Marks after which a reader takes breath.
_SPACE = re.compile(r"\s*")
_CLAUSES = re.compile(r"""[,;:–—]["'”’)\]»]*\s+|\s[-–—]+\s+|[，；：、]""")
_WORDS = re.compile(r"\S+\s*")


def split_record(
    record: Record, count_tokens: Callable[[str], int], max_tokens: int
) -> list[Record]:
    """`record` in parts of at most `max_tokens` tokens, as few as sentence ends allow.

    A sentence that is too long by itself is cut at the last clause that fits, else at the last
    space, else between characters; one character is never too long. Joined, the parts are the
    words in order. A record that fits, is blank or has failed is returned alone.

    Every part keeps the record's index, source, voice, seed and so on; `part` counts them, and
    no silence is asked for but after the last. By the noise law a record draws from
    Philox(key=[seed, index]); part k draws from Philox(key=[seed, index + k * 2**32]). So the
    first part sounds as if it were a record of its own, no part repeats another's noise, and
    parts can be spoken at the same time, which noise that went on where the part before it
    stopped would not allow.

    Raises:
        ValueError: `max_tokens` is less than 1.
    """
    if max_tokens < 1:
        raise ValueError(f"a part cannot have {max_tokens} tokens")
    text, reach = record.text, max(MIN_REACH, CHARACTERS_PER_TOKEN * max_tokens)
    if record.error is not None or record.is_blank:
        return [record]
    if len(text) <= reach and count_tokens(text) <= max_tokens:
        return [record]
    # Only here: the sentence library is a shared object of megabytes.
    from vvcli.script.sentences import sentence_ends

    def fits(start: int, end: int) -> bool:
        return end - start <= reach and count_tokens(text[start:end].strip()) <= max_tokens

    levels: list[Sequence[int]] = [
        sentence_ends(text),
        [found.end() for found in _CLAUSES.finditer(text)],
        [found.end() for found in _WORDS.finditer(text)],
        range(1, len(text) + 1),
    ]
    texts = []
    start = _skip_space(text, 0)
    while start < len(text):
        end = _last_end(start, levels, fits)
        texts.append(text[start:end].strip())
        start = _skip_space(text, end)
    return [
        replace(
            record,
            text=part,
            part=number,
            parts=len(texts),
            silence_after=record.silence_after if number == len(texts) - 1 else 0.0,
        )
        for number, part in enumerate(texts)
    ]


def cut_at_sentences(segment: Segment) -> list[Segment]:
    """Each sentence of a segment by itself, with what it was written; the pause after the last.

    A segment without text, which is a pause, stays as it is.
    """
    from vvcli.script.sentences import sentence_ends

    ends = sentence_ends(segment.text)
    starts = [0, *ends]
    sentences = [segment.text[start:end].strip() for start, end in zip(starts, ends, strict=False)]
    sentences = [sentence for sentence in sentences if sentence]
    if not sentences:
        return [segment]
    pieces = [Segment(each, segment.voice, written=each) for each in sentences]
    return [*pieces[:-1], replace(pieces[-1], pause=segment.pause)]


def _skip_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _last_end(start: int, levels: list[Sequence[int]], fits: Callable[[int, int], bool]) -> int:
    """The last end that fits, of the first level that has one."""
    for ends in levels:
        first = bisect_right(ends, start)
        # The text from here may be a thousand parts long: double the step, then halve it.
        step, count = 1, 0
        while first + count + step <= len(ends) and fits(start, ends[first + count + step - 1]):
            count += step
            step *= 2
        while step := step // 2:
            if first + count + step <= len(ends) and fits(start, ends[first + count + step - 1]):
                count += step
        if count:
            return ends[first + count - 1]
    return start + 1
