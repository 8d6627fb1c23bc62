"""Which phonemes each character of a text stands for, learned from the texts themselves.

A character stands for at most two phonemes. Which ones is found by hard expectation maximisation
over words and their pronunciations (after Jiampojamarn, Kondrak and Sherif, 2007).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MAX_CHUNK = 2
_ROUNDS = 3
_SAMPLE = 6000
# Before anything is learned, most characters are one phoneme and the diagonal is likely.
_FIRST_COSTS = (3.0, 0.5, 2.5)

Chunk = tuple[int, ...]
Word = tuple[str, Chunk]


class Spelling:
    """Costs of characters standing for runs of phonemes."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._costs: dict[str, dict[Chunk, float]] = {}
        for _ in range(_ROUNDS):
            counts: dict[str, Counter[Chunk]] = defaultdict(Counter)
            for word, phonemes in words[:_SAMPLE]:
                for character, chunk in zip(word, self.align(word, phonemes) or (), strict=False):
                    counts[character][chunk] += 1
            self._costs = {
                character: {
                    chunk: -math.log((count + 0.1) / (found.total() + 10))
                    for chunk, count in found.items()
                }
                for character, found in counts.items()
            }

    def align(self, word: str, phonemes: Chunk) -> list[Chunk] | None:
        """The phonemes of each character of `word`, or None if they are too many."""
        size, total = len(word), len(phonemes)
        if total > MAX_CHUNK * size:
            return None
        best = [[math.inf] * (total + 1) for _ in range(size + 1)]
        steps = [[0] * (total + 1) for _ in range(size + 1)]
        best[0][0] = 0.0
        for i in range(1, size + 1):
            known = self._costs.get(word[i - 1])
            for j in range(max(0, total - MAX_CHUNK * (size - i)), min(total, MAX_CHUNK * i) + 1):
                for length in range(min(MAX_CHUNK, j) + 1):
                    cost = best[i - 1][j - length]
                    if known is None:
                        cost += _FIRST_COSTS[length] + 2 * abs(i / size - j / max(1, total))
                    else:
                        cost += known.get(phonemes[j - length : j], 8.0)
                    if cost < best[i][j]:
                        best[i][j], steps[i][j] = cost, length
        chunks: list[Chunk] = []
        j = total
        for i in range(size, 0, -1):
            chunks.append(phonemes[j - steps[i][j] : j])
            j -= steps[i][j]
        return chunks[::-1]


def spelled(
    texts: Sequence[str], spoken: NDArray[np.uint8], counts: NDArray[np.int64], space: int
) -> NDArray[np.int16]:
    """Phonemes of every character of every text, [characters, 2].

    `spoken` holds the texts' phonemes end to end, words separated by `space`. 0 is no phoneme;
    both columns are -1 where no alignment is known.
    """
    bounds = np.concatenate([[0], np.cumsum(counts)])
    lines = [
        _words(t, spoken[a:b], space) for t, a, b in zip(texts, bounds, bounds[1:], strict=False)
    ]
    distinct = Counter(word for line in lines if line for word in line)
    spelling = Spelling([word for word, _ in distinct.most_common()])
    align = lru_cache(maxsize=None)(lambda word: _columns(spelling, *word))
    nothing = np.zeros((1, MAX_CHUNK), np.int16)
    parts = []
    for text, line in zip(texts, lines, strict=True):
        if line is None:
            parts.append(np.full((len(text), MAX_CHUNK), -1, np.int16))
            continue
        columns = [part for word in line for part in (align(word), nothing)]
        parts += columns[:-1]
    return np.concatenate(parts)


def _words(text: str, spoken: Iterable[int], space: int) -> list[Word] | None:
    """Each word of `text` with its phonemes, or None if their numbers differ."""
    pronounced = bytes(spoken).split(bytes([space]))
    words = text.split(" ")
    if len(words) != len(pronounced):
        return None
    return [(word, tuple(phonemes)) for word, phonemes in zip(words, pronounced, strict=True)]


def _columns(spelling: Spelling, word: str, phonemes: Chunk) -> NDArray[np.int16]:
    chunks = spelling.align(word, phonemes)
    if chunks is None:
        return np.full((len(word), MAX_CHUNK), -1, np.int16)
    return np.array([[*chunk, 0, 0][:MAX_CHUNK] for chunk in chunks], np.int16)
