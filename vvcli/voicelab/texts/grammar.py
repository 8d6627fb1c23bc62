"""Lines from a context-free grammar whose words are drawn from a vocabulary."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from importlib import resources

_SLOT = re.compile(r"\{(\w+)\}")
_WEIGHT = re.compile(r"(\d+) (.*)")
_ARTICLE = re.compile(r"\b([Aa])(?= [aeiou])")


class WordBag:
    """Draws from words: every one of them once before the first comes again."""

    def __init__(self, words: list[str], rng: random.Random) -> None:
        self._words, self._rng = words, rng
        self._left: list[str] = []

    def draw(self) -> str:
        """The next word."""
        if not self._left:
            self._left = self._rng.sample(self._words, len(self._words))
        return self._left.pop()


class Grammar:
    """The rules of `grammar.txt`; `terminals` draw what is not among its symbols."""

    def __init__(self, terminals: dict[str, Callable[[], str]], rng: random.Random) -> None:
        self._terminals, self._rng = terminals, rng
        self._rules: dict[str, tuple[list[str], list[int]]] = {}
        text = resources.files(__package__).joinpath("grammar.txt").read_text("utf-8")
        for paragraph in re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).split("\n\n"):
            symbol, *expansions = paragraph.strip().split("\n")
            weighted = [_WEIGHT.fullmatch(line) for line in expansions]
            self._rules[symbol] = (
                [
                    match[2] if match else line
                    for match, line in zip(weighted, expansions, strict=True)
                ],
                [int(match[1]) if match else 1 for match in weighted],
            )

    def line(self) -> str:
        """One line, with its capitals and its articles right."""
        text = _ARTICLE.sub(r"\1n", self._expand("line"))
        text = re.sub(r"([.?!]) ([a-z])", lambda match: f"{match[1]} {match[2].upper()}", text)
        return text[0].upper() + text[1:]

    def _expand(self, symbol: str) -> str:
        if symbol in self._rules:
            chosen = self._rng.choices(*self._rules[symbol])[0]
            return _SLOT.sub(lambda match: self._expand(match[1]), chosen)
        if symbol.endswith("_first") and symbol not in self._terminals:
            text = self._expand(symbol.removesuffix("_first"))
            return text[0].upper() + text[1:]
        return self._terminals[symbol]()
