"""Errors between what was said and what was heard."""

from __future__ import annotations

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
    if said.replace(" ", "") == heard.replace(" ", ""):
        return 0
    return errors(said.split(), heard.split())


def repeats(said: str, heard: str) -> bool:
    """Whether a word is heard twice in a row that is not said twice in a row."""
    doubled = {a for a, b in pairwise(said.split()) if a == b}
    return any(a == b and a not in doubled for a, b in pairwise(heard.split()))
