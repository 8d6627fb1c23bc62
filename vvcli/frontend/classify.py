"""Second pass: runs of tokens become items, each of one semiotic class.

A language gives an ordered list of rules. At each token the rules that may begin there are tried
in that order; the first one that matches takes the tokens it matched. A pattern looks at a bounded
number of characters, so the time is linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from string import ascii_lowercase as _LETTERS
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
    # number has digits, six at most; "a" for a letter, so "aa" for a word, and "a'" for one like
    # "I'm"; " " for a space, others themselves. A rule is not even tried elsewhere: most tokens
    # cost a look into a table.
    shape: str = ""
    # Letters, in lower case, that the word begins with, or that the one after a number is of.
    letters: str = ""
    needs: str = ""  # characters, a letter as "a": it matches no clause that has none of them


_Candidate = tuple[Callable[[str, int], "re.Match[str] | None"], Rule]


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
        return self.value.words(british) + "." if self.stop else self.value.words(british)


_Key = tuple[str, str, str, str, bool, frozenset[str]]
_MAX_KEYS = 1 << 14  # of tokens with their surroundings; a server may meet any number of them

# What many patterns begin with. They are not tried after these characters: in a long run of letters
# and signs they are most of those that would be.
_APART = r"(?<![\w.@/-])"
_GLUE = "_.@/-"  # and letters and digits


@cache
def _class_name(kind: type) -> str:
    return kind.__module__.rpartition(".")[2].partition("_")[0].title()


class RuleBook:
    """The rules of a language, found by the token they may begin with."""

    def __init__(self, rules: Iterable[Rule], default: Callable[[Token, Clause], Value]) -> None:
        self._rules = tuple(rules)
        self._default = default
        self._vocabulary = frozenset[str]().union(*(rule.vocabulary or () for rule in self._rules))
        self._needs = frozenset(rule.needs for rule in self._rules if rule.needs)
        self._found: dict[_Key, tuple[_Candidate, ...]] = {}
        self.attempts = 0  # of rules, at all tokens so far

    def classify(self, clause: Clause) -> list[Item]:
        """The items of `clause`, which cover its tokens in order."""
        items: list[Item] = []
        tokens, places = clause.tokens, clause.index
        missing = frozenset(n for n in self._needs if clause.present.isdisjoint(n))
        index, count = 0, len(tokens)
        while index < count:
            token = tokens[index]
            kind, text, start = token
            if kind == "space":
                items.append(Item(self._default(token, clause), text, start))
                index += 1
                continue
            item = self._item(token, clause, missing)
            clause.note(item.value, item.name, item.text, ends_sentence=item.stop)
            items.append(item)
            index = places[start + len(item.text)]
        return items

    def _item(self, token: Token, clause: Clause, missing: frozenset[str]) -> Item:
        text, start = clause.text, token.start
        candidates = self._candidates(token, clause, missing)
        self.attempts += len(candidates)
        for match_at, rule in candidates:
            match = match_at(text, start)
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

    def _candidates(
        self, token: Token, clause: Clause, missing: frozenset[str]
    ) -> tuple[_Candidate, ...]:
        """The rules that may begin at `token`, with what finds a match of theirs."""
        kind, text, start = token
        end = start + len(text)
        beyond = clause.shapes[end : end + 2]
        before = clause.text[start - 1] if start else " "
        is_glued = before.isalnum() or before in _GLUE
        if kind == "word":
            lower = text.lower()
            known = lower if lower in self._vocabulary else ""
            second = "" if end - start == 1 else "'" if text[1] == "'" else "a"
            first = lower[0] if lower[0] in _LETTERS else "?"
            kind = "w" if text == lower else "C"
            key = (kind, known, f"a{second}{beyond}", first, is_glued, missing)
        else:
            is_number = kind == "number"
            first = "000000"[: len(text)] if is_number else text[0]
            letter = clause.text[end].lower() if is_number and beyond[:1] == "a" else ""
            key = (first[0], "", first + beyond, letter, is_glued, missing)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _MAX_KEYS:
                self._found.clear()
            found = tuple(
                (rule.pattern.match, rule) for rule in self._rules if _may_begin(rule, *key)
            )
            self._found[key] = found
        return found


def _may_begin(
    rule: Rule,
    start: str,
    word: str,
    shape: str,
    letter: str,
    is_glued: bool,
    missing: frozenset[str],
) -> bool:
    if is_glued and rule.pattern.pattern.startswith(_APART):
        return False
    if rule.needs in missing or (letter and rule.letters and letter not in rule.letters):
        return False
    if rule.shape and not re.match(rule.shape, shape):
        return False
    if start not in ("w", "C"):
        return start in rule.starts
    fits = "w" in rule.starts or start in rule.starts
    return fits and (rule.vocabulary is None or word in rule.vocabulary)
