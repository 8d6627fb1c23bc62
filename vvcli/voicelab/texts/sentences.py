"""Prose to lines that a voice can be taught with: letters, an apostrophe, and four stops.

What would need reading rules (digits, symbols, initials, acronyms) is refused here rather than
read, so that teacher and student see the same words whatever the text front end does later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from anyascii import anyascii

_STRAIGHT = str.maketrans("‘’‚“”„«»´`", "''''''''''")
_TITLES = {"Mr": "Mister", "Mrs": "Missus", "Dr": "Doctor", "Prof": "Professor"}
_TITLE = re.compile(r"\b(" + "|".join(_TITLES) + r")\.(?= [A-Z])")
# A stop after one of these, or after a single capital, ends no sentence.
_ABBREVIATION = re.compile(
    "[b-hj-z]|mr|mrs|ms|dr|st|jr|sr|prof|gen|rev|hon|col|capt|lt|sgt|vs|etc|vol|fig|ed|inc|ltd|co|"
    "corp|dept|no|viz|cf|al|ca|approx|esp|usu|orig|ie|eg|resp|op|cit|bros|messrs|mt|ft"
)
_END = re.compile(r"([.?!]['\")\]]*)\s+(?=['\"(]*[A-Z])")
_REFUSED = re.compile(
    r"[^A-Za-z '\",.?!;:()-]|\.{2}|[.?!] [a-z]|\b[A-Z]\.|\b[A-Z]*[A-Z]{2}\b|[a-z][A-Z]"
)
_ELIDED = re.compile("tis|twas|twere|em|til|cause|bout|round")
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*")
_MAX_WORD = 22


def split_sentences(text: str) -> list[str]:
    """The sentences of a paragraph; abbreviations do not end one.

    >>> split_sentences("Mr. Fox came. He saw St. Ives.")
    ['Mr. Fox came.', 'He saw St. Ives.']
    """
    sentences: list[str] = []
    joined = ""
    for part in _END.sub(r"\1\n", text).split("\n"):
        joined = f"{joined} {part}".strip()
        if not joined:
            continue
        last = joined.rsplit(maxsplit=1)[-1].strip("'\"()").rstrip(".?!").lower()
        if joined.endswith(".") and _ABBREVIATION.fullmatch(last):
            continue
        sentences.append(joined)
        joined = ""
    return [*sentences, joined] if joined else sentences


def clean(text: str) -> str | None:
    """`text` with its own capitals in the voice's alphabet, or None if it needs reading rules.

    >>> clean('"Well-known," he said; "is it?"')
    'Well known, he said, is it?'
    >>> clean("It cost 5 pounds.")
    """
    text = anyascii(text.translate(_STRAIGHT))
    text = _TITLE.sub(lambda match: _TITLES[match[1]], " ".join(text.split()))
    if _REFUSED.search(text) or not _whole_brackets(text):
        return None
    text = re.sub(r"\s*(?:--+| -+ |[;:()])\s*", ", ", text)
    text = text.replace("-", " ").replace('"', " ")
    text = re.sub(r"(?<![A-Za-z])'(?![A-Za-z])", " ", text)
    text = " ".join(_without_quote(word) for word in text.split())
    text = re.sub(r"\s*([,.?!])[\s,.?!]*", _strongest_stop, text).lstrip(",.?! ").rstrip(", ")
    words = _WORD.findall(text)
    if not words or max(map(len, words)) > _MAX_WORD or re.search(r"\w'(?!\w)\S", text):
        return None
    if any(not re.search("[aeiouy]", word.lower()) for word in words):
        return None
    stops = [word for word in text.split()[:-1] if word.endswith(".")]
    if any(_ABBREVIATION.fullmatch(word.rstrip(".").lower()) for word in stops):
        return None
    return text[0].upper() + text[1:]


def whole(text: str, finite: Set[str] | None = None) -> bool:
    """Whether cleaned `text` looks like whole sentences: a capital, a stop, a finite verb.

    `finite` are lower-case verb forms that can be a sentence's verb; without them none is looked
    for. A question or an exclamation of few words needs none.
    """
    if text[-1] not in ".?!" or not text[0].isupper():
        return False
    for sentence in split_sentences(text):
        words = _WORD.findall(sentence.lower())
        short = len(words) <= 4 and sentence[-1] in "?!"
        if finite is not None and not short and finite.isdisjoint(words):
            return False
        if _JOINING.fullmatch(words[0]) and "," not in sentence and sentence[-1] != "?":
            return False
        if _DANGLING.fullmatch(words[-1]):
            return False
    return True


_JOINING = re.compile("which|that|who|whom|whose|than")
_DANGLING = re.compile("the|an?|and|or|but|of|which|whose|than|my|your|their|its|as")


def words_of(text: str) -> list[str]:
    """The words of `text` in lower case.

    >>> words_of("It's Anna's.")
    ["it's", "anna's"]
    """
    return [word.lower() for word in _WORD.findall(text)]


def passages(
    sentences: list[str],
    chances: tuple[float, ...],
    longest: tuple[int, int],
    draw: Iterator[float],
) -> Iterator[str]:
    """Runs of neighbouring `sentences` as lines: of n sentences with the n-th of `chances`.

    `longest` bounds a line's words and characters; `draw` yields numbers from 0 to 1.
    """
    at = 0
    while at < len(sentences):
        chance, count = next(draw), 1
        for share in chances:
            if chance < share:
                break
            chance, count = chance - share, count + 1
        line = sentences[at]
        at += 1
        for following in sentences[at : at + count - 1]:
            longer = f"{line} {following}"
            if len(longer.split()) > longest[0] or len(longer) > longest[1]:
                break
            line = longer
            at += 1
        yield line


def _whole_brackets(text: str) -> bool:
    return text.count('"') % 2 == 0 and text.count("(") == text.count(")")


def _without_quote(word: str) -> str:
    """`word` without an apostrophe that is a quotation mark."""
    bare = word.strip(",.?!")
    if bare.startswith("'") and not _ELIDED.fullmatch(bare[1:].lower()):
        word = word.replace("'", "", 1)
    head = word.rstrip(",.?!'")
    tail = word[len(head) :].replace("'", "")
    possessive = head.endswith("s") and bare.endswith("s'") and not bare.startswith("'")
    return f"{head}'{tail}" if possessive and not tail else head + tail


def _strongest_stop(match: re.Match[str]) -> str:
    strongest = next((stop for stop in "?!." if stop in match[0]), ",")
    return f"{strongest} "
