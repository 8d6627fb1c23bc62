"""Lines and lone words that are made up, so that every word of a vocabulary is heard."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from vvcli.voicelab.texts import figures
from vvcli.voicelab.texts.grammar import Grammar, WordBag
from vvcli.voicelab.texts.sentences import words_of
from vvcli.voicelab.texts.vocabulary import Vocabulary

_CLOCKS = ("o'clock", "o'clock", "thirty", "fifteen", "ay m", "p m", "forty five", "oh five")

_AGAIN = ("yes", "no", "never", "well", "go", "stop", "wait", "ha", "very", "oh", "hey", "please")


class MadeUp:
    """Lines from the grammar and lone words, which between them hold every word of a vocabulary."""

    def __init__(
        self, vocabulary: Vocabulary, names: list[str], heard: Iterable[str], rng: random.Random
    ) -> None:
        self._rng = rng
        known = {word for line in heard for word in words_of(line)}
        self._unheard = {
            kind: rng.sample(left, len(left))
            for kind, words in vocabulary.kinds.items()
            if (left := [word for word in words if word not in known])
        }
        self._unheard["name"] = rng.sample(names, len(names))
        self._bags = {kind: WordBag(words, rng) for kind, words in vocabulary.everyday.items()}
        self._bags["name"] = WordBag(names, rng)
        self._bags["place"] = WordBag(vocabulary.names, rng)
        self._bags["common"] = WordBag(vocabulary.common, rng)
        every = {kind: lambda kind=kind: self._word(kind) for kind in self._bags}
        self._share = 0.3
        number = rng.randint
        self._grammar = Grammar(
            {
                **every,
                "place_name": self._bags["place"].draw,
                "person_last": self._bags["place"].draw,
                "figure": self._figure,
                "number": lambda: figures.cardinal(number(2, 10 ** number(1, 3))),
                "ordinal": lambda: figures.ordinal(number(1, 40)),
                "date": lambda: figures.date(rng),
                "year": lambda: figures.year(number(1700, 2049)),
                "clock": lambda: f"{figures.cardinal(number(1, 12))} {rng.choice(_CLOCKS)}",
                "digits": lambda: figures.digits(number(3, 4), rng),
                "letter": lambda: figures.letters(1, rng),
                "alphabet": lambda: figures.alphabet(rng),
                "counting": lambda: figures.counting(rng),
                "repeated": lambda: ", ".join([self._again()] * number(2, 6)),
                "letters": lambda: figures.letters(number(2, 4), rng),
            },
            rng,
        )

    def line(self) -> str:
        """A random line; a third of its words are such as no line had yet."""
        return self._grammar.line()

    def until_all_heard(self, limit: int) -> Iterator[str]:
        """Lines of such words only, at most `limit`."""
        self._share = 1.0
        for _ in range(limit):
            left = [kind for kind, words in self._unheard.items() if words]
            if set(left) <= {"name", "other"}:  # what the grammar has no place for, or enough of
                break
            yield self._grammar.line()
        self._share = 0.3

    def mentions(self, words: list[str]) -> Iterator[str]:
        """Lines that mention `words`, a few in each."""
        for start in range(0, len(words), 3):
            first, *others = words[start : start + 3]
            yield f"After {first} comes {', then '.join(others)}." if others else f"Say {first}."

    def words_alone(self) -> str:
        """A word, or a short list of them, with or without a stop."""
        rng = self._rng
        count = rng.choice((1, 1, 1, 1, 2, 3, 5, 8))
        source = rng.choice(("common", "common", "name", "noun", "verb", "adjective"))
        words = [self._bags[source].draw() for _ in range(count)]
        text = rng.choice((", ", " ")).join(words) + rng.choice(("", ".", ".", "?", "!"))
        return text[0].upper() + text[1:]

    def _word(self, kind: str) -> str:
        left = self._unheard.get(kind)
        if left and self._rng.random() < self._share:
            return left.pop()
        return self._bags[kind].draw()

    def _again(self) -> str:
        """A word that people say several times in a row."""
        kind = self._rng.choice(("noun", "verb", "adverb", "name"))
        return self._rng.choice((*_AGAIN, self._bags[kind].draw()))

    def _figure(self) -> str:
        words = [self._bags["noun"].draw() for _ in range(2)]
        return figures.figure(self._rng, words, [self._bags["name"].draw()])
