"""Texts to measure with: lengths spread evenly, words that every model can say."""

from __future__ import annotations

import numpy as np

WORDS = [
    *("the", "of", "and", "a", "to", "in", "is", "was", "that", "for", "it", "as", "with", "his"),
    *("be", "at", "by", "had", "not", "are", "but", "from", "have", "they", "which", "one", "all"),
    *("about", "after", "before", "house", "letter", "little", "morning", "never", "people"),
    *("quiet", "remember", "river", "some", "time", "under", "water", "when", "window", "winter"),
]


def random_texts(count: int, characters: tuple[int, int], seed: int) -> list[str]:
    """`count` texts in random order, of lengths spread evenly over the range `characters`.

    Drawn lengths would make few texts a matter of luck.
    """
    generator = np.random.default_rng(seed)
    shortest, longest = characters
    lengths = shortest + (longest - shortest) * (np.arange(count) + 0.5) / count
    return [_text(round(length), generator) for length in generator.permutation(lengths)]


def _text(length: int, generator: np.random.Generator) -> str:
    words = " ".join(generator.choice(WORDS, size=length // 2 + 1))
    text = words[: length - 1]
    return f"{text[:-1]}s." if text.endswith(" ") else f"{text}."
