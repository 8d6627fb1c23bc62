"""Errors between what was said and what was heard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Substitutions, insertions and deletions that turn one sequence into the other.

    >>> errors("the cat sat".split(), "the bad cat".split())
    2
    """
    row = list(range(len(heard) + 1))
    for i, one in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


def word_errors(said: str, heard: str) -> int:
    """Errors in words; two that were only written together or apart are none.

    >>> word_errors("a well known mail box", "a wellknown mailbox")
    0
    """
    said, heard = comparable(said, heard)
    if said.replace(" ", "") == heard.replace(" ", ""):
        return 0
    return errors(said.split(), heard.split())


def comparable(said: str, heard: str) -> tuple[str, str]:
    """Both without what the recogniser alone does: Whisper and its normaliser.

    It leaves "one" where it makes figures of other numbers, "1 2 3" of "one, two, three" as well as
    "123". And once in a while it says a phrase again until its tokens are out; a voice that did so
    would be told from its length.

    >>> comparable("123", "one 2 3")
    ('123', '1 2 3')
    >>> comparable("it is false", "it is false i am sorry i am sorry i am sorry i am sorry i am")
    ('it is false', 'it is false i am sorry')
    """
    said, heard = (_ONE.sub("1", text) for text in (said, heard))
    loop = _LOOP.search(heard)
    if loop and not _LOOP.search(said) and f"{loop['phrase']} ".startswith(loop["rest"] or ""):
        heard = heard[: loop.end("phrase")]
    return said, heard


_ONE = re.compile(r"\bone\b")
_LOOP = re.compile(r"\b(?P<phrase>\w+(?: \w+){0,7}?)(?: (?P=phrase)){3,}(?: (?P<rest>.*))?$")


def repeats(said: str, heard: str) -> bool:
    """Whether a word is heard twice in a row that is not said twice in a row."""
    doubled = {a for a, b in pairwise(said.split()) if a == b}
    return any(a == b and a not in doubled for a, b in pairwise(heard.split()))
