"""Second pass: runs of tokens become items, each of one semiotic class.

A language gives an ordered list of rules. At each token the rules that may begin there are tried
in that order; the first one that matches takes the tokens it matched. A pattern looks at a bounded
number of characters, so the time is linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple, Protocol

from vvcli.frontend.clause import Clause
from vvcli.frontend.tokenize import Token


class Value(Protocol):
    """What an item means: an instance of its class, as in `Time(9, 5, "pm")`."""

    def words(self, british: bool) -> str:
        """How it is said, in lower case; stops and commas may stand after words."""


class Rule(NamedTuple):
    """Tokens that match `pattern` are what `make` says; None declines."""

    pattern: re.Pattern[str]
    make: Callable[[re.Match[str], Clause], Value | None]
    # Where a match may begin: "0" a number, "w" a word, "C" a word with a capital, else the first
    # character of a sign.
    starts: str
    vocabulary: frozenset[str] | None = None  # words, in lower case, that a match may begin with
    # When the full stop that ends a match is the sentence's too: see `Clause.ends_sentence`.
    # None: the pattern takes no full stop of a sentence.
    stop: str | None = None
    # A pattern for the shape of the first token and of two characters after it: as many zeros as a
    # number has digits, six at most, "a" for a word or a letter, " " for a space, others
    # themselves. A rule is not even tried elsewhere: most tokens cost a look into a table.
    shape: str = ""
    # Letters, in lower case, of which a number is followed by one, where a letter follows at all.
    letters: str = ""
    has_letters: bool = False  # it matches no clause without letters and degrees


class Item(NamedTuple):
    """Some tokens of a clause and what they mean."""

    value: Value
    text: str
    start: int  # in the clause
    stop: bool = False  # the full stop it ends with also ends the sentence

    @property
    def name(self) -> str:
        """The name of its class: of the file that holds it, up to an underscore."""
        return _class_name(type(self.value))

    def words(self, british: bool = False) -> str:
        """How it is said."""
        return self.value.words(british) + "." * self.stop


_NO_LETTERS = "0"  # a clause of signs and digits

# What many patterns begin with. They are not tried after these characters: in a long run of letters
# and signs they are most of those that would be.
_APART = r"(?<![\w.@/-])"
_GLUE = re.compile(r"[\w.@/-]")


@cache
def _class_name(kind: type) -> str:
    return kind.__module__.rpartition(".")[2].partition("_")[0].title()


class RuleBook:
    """The rules of a language, found by the token they may begin with."""

    def __init__(self, rules: Iterable[Rule], default: Callable[[Token, Clause], Value]) -> None:
        self._rules = tuple(rules)
        self._default = default
        self._vocabulary = frozenset[str]().union(*(rule.vocabulary or () for rule in self._rules))
        self._found: dict[tuple[str, str, str, str, bool], tuple[Rule, ...]] = {}
        self.attempts = 0  # of rules, at all tokens so far

    def classify(self, clause: Clause) -> list[Item]:
        """The items of `clause`, which cover its tokens in order."""
        items: list[Item] = []
        tokens, places = clause.tokens, clause.index
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.kind == "space":
                items.append(Item(self._default(token, clause), token.text, token.start))
                index += 1
                continue
            item = self._item(token, clause)
            clause.note(item.value, item.name, item.text, ends_sentence=item.stop)
            items.append(item)
            index = places[item.start + len(item.text)]
        return items

    def _item(self, token: Token, clause: Clause) -> Item:
        text, start = clause.text, token.start
        for rule in self._candidates(token, clause):
            self.attempts += 1
            match = rule.pattern.match(text, start)
            if match is None:
                continue
            end = match.end()
            dotted = text[end - 1] == "."
            if end not in clause.index:
                if not (dotted and end - 1 in clause.index):
                    continue
                dotted, end = False, end - 1  # the stop is of several signs, and stays by itself
            value = rule.make(match, clause)
            if value is not None:
                stop = dotted and rule.stop is not None and clause.ends_sentence(end, rule.stop)
                return Item(value, text[start:end], start, stop)
        return Item(self._default(token, clause), token.text, start)

    def _candidates(self, token: Token, clause: Clause) -> tuple[Rule, ...]:
        end = token.start + len(token.text)
        beyond = clause.shapes[end : end + 2]
        is_glued = token.start > 0 and _GLUE.match(clause.text, token.start - 1) is not None
        if token.kind != "word":
            is_number = token.kind == "number"
            first = "0" * min(len(token.text), 6) if is_number else token.text[0]
            letter = clause.text[end].lower() if is_number and beyond[:1] == "a" else ""
            if not clause.has_letters:
                letter = _NO_LETTERS
            key = (first[0], "", first + beyond, letter, is_glued)
        else:
            lower = token.text.lower()
            start = "w" if token.text == lower else "C"
            key = (start, lower if lower in self._vocabulary else "", "a" + beyond, "", is_glued)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = tuple(r for r in self._rules if _may_begin(r, *key))
        return found


def _may_begin(rule: Rule, start: str, word: str, shape: str, letter: str, is_glued: bool) -> bool:
    if is_glued and rule.pattern.pattern.startswith(_APART):
        return False
    if letter == _NO_LETTERS:
        if rule.has_letters:
            return False
    elif letter and rule.letters and letter not in rule.letters:
        return False
    if rule.shape and not re.match(rule.shape, shape):
        return False
    if start not in ("w", "C"):
        return start in rule.starts
    fits = "w" in rule.starts or start in rule.starts
    return fits and (rule.vocabulary is None or word in rule.vocabulary)
