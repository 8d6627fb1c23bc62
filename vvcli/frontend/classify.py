"""Second pass: runs of tokens become items, each of one semiotic class.

A language gives an ordered list of rules. At each token the rules that may begin there are tried
in that order; the first one that matches takes the tokens it matched. A pattern looks at a bounded
number of characters, so the time is linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from string import ascii_lowercase as _LETTERS
from typing import Protocol

from vvcli.frontend.clause import Clause
from vvcli.frontend.item import Found, Value
from vvcli.frontend.rule import MAX_PLACES, Candidate, Rule, Starting
from vvcli.frontend.tokenize import Token


class Language(Protocol):
    """Says what tokens are that no rule takes."""

    space: Value

    def settled(self, token: Token, touches: str, follows: str) -> Value | None:
        """By what touches and follows it, "" at the ends; None if words further away matter."""

    def default(self, token: Token, clause: Clause) -> Value:
        """Where those do."""


# Characters after a token that a rule's shape sees. After a word they vary more, and say less.
_SEEN, _SEEN_AFTER_WORD = 7, 2
_START = "\ud800"  # before a clause, and in none

_GLUE = "_.@/-"  # with letters and digits: what patterns that stand apart do not follow


class RuleBook:
    """The rules of a language, found by the token they may begin with."""

    def __init__(self, rules: Iterable[Rule], language: Language) -> None:
        self._rules = tuple(rules)
        self._language = language
        self._vocabulary = frozenset[str]().union(*(rule.vocabulary or () for rule in self._rules))
        # A bit for each set of characters that a rule needs.
        self._needs = tuple({rule.needs: None for rule in self._rules if rule.needs})
        self._of_kind: dict[str, list[Rule]] = {}
        self._starting: dict[tuple[str, str], Starting] = {}
        # By the needs that a clause does not meet; then by a token and its surroundings.
        self._places: dict[int, dict[str, tuple[Candidate, ...]]] = {}
        self._settled: dict[str, Value] = {}  # by the same
        self._kept = 0  # places; what is settled is at one of them
        self.attempts = 0  # of rules, at all tokens so far

    def classify(self, clause: Clause) -> list[Found]:
        """The items of `clause`, which cover its tokens in order."""
        items, tokens, index_of, text = clause.items, clause.tokens, clause.index, clause.text
        around = _START + text  # so that what begins at a place has the character before it
        missing = self._missing(clause)
        known = self._places.setdefault(missing, {})
        settled, space = self._settled, self._language.space
        index, count, attempts = 0, len(tokens), 0
        while index < count:
            token = tokens[index]
            kind, written, start = token
            if kind == "space":
                items.append((space, written, start, False))
                index += 1
                continue
            # What decides which rules may begin here.
            seen = _SEEN_AFTER_WORD if kind == "word" and len(written) > 1 else _SEEN
            surroundings = around[start : start + len(written) + seen + 1]
            candidates = known.get(surroundings)
            if candidates is None:
                candidates = self._candidates(token, clause, seen, missing)
                known[surroundings] = candidates
            for match_at, make, ends in candidates:
                attempts += 1
                match = match_at(text, start)
                if match is None:
                    continue
                end = match.end()
                after = index_of.get(end)
                if after is None or (ends is not None and text[end - 1] == "."):
                    found = _dotted(match, make, ends, clause)
                    if found is None:
                        continue
                    items.append(found)
                    index = index_of[start + len(found[1])]
                    break
                made = make(match, clause)
                if made is not None:
                    items.append((made, text[start:end], start, False))
                    index = after
                    break
            else:
                value = settled.get(surroundings)
                if value is None:
                    value = self._unclaimed(token, clause, surroundings)
                items.append((value, written, start, False))
                index += 1
        self.attempts += attempts
        if self._kept > MAX_PLACES:
            self._places.clear()
            self._settled.clear()
            self._kept = 0
        return items

    def _unclaimed(self, token: Token, clause: Clause, surroundings: str) -> Value:
        """The value of `token`, which no rule took."""
        touches, follows = clause.touches(token.start), clause.follows(token.end)
        value = self._language.settled(token, touches, follows)
        if value is None:
            return self._language.default(token, clause)
        self._settled[surroundings] = value
        return value

    def _missing(self, clause: Clause) -> int:
        """The bits of the needs that nothing in `clause` meets."""
        present = clause.present
        return sum(1 << i for i, need in enumerate(self._needs) if present.isdisjoint(need))

    def _candidates(
        self, token: Token, clause: Clause, seen: int, missing: int
    ) -> tuple[Candidate, ...]:
        """The rules that may begin at `token`, by so many characters after it."""
        self._kept += 1
        kind, text, start = token
        end = start + len(text)
        beyond = clause.shapes[end : end + seen]
        before = clause.text[start - 1] if start else " "
        is_glued = before.isalnum() or before in _GLUE
        if kind == "word":
            lower = text.lower()
            known = lower if lower in self._vocabulary else ""
            second = "" if len(text) == 1 else "'" if text[1] == "'" else "a"
            letter = lower[0] if lower[0] in _LETTERS else "?"
            place = ("w" if text == lower else "C", known)
            shape = f"a{second}{beyond}"
        else:
            is_number = kind == "number"
            first = "000000"[: len(text)] if is_number else text[0]
            letter = clause.text[end].lower() if is_number and beyond[:1] == "a" else ""
            known = text if text in self._vocabulary else ""
            place, shape = (first[0], known), first + beyond
        starting = self._starting.get(place)
        if starting is None:
            if len(self._starting) >= MAX_PLACES:
                self._starting.clear()
            starting = self._starting[place] = Starting(self._rules_at(*place), self._needs)
        return starting.find(shape, letter, is_glued, missing)

    def _rules_at(self, start: str, known: str) -> list[Rule]:
        """Those that a token of kind `start`, a known word or number, may begin a match of."""
        is_word = start in ("w", "C")
        if start not in self._of_kind:
            starts = ("w", start) if is_word else (start,)
            self._of_kind[start] = [r for r in self._rules if any(s in r.starts for s in starts)]
        return [
            rule
            for rule in self._of_kind[start]
            if rule.vocabulary is None
            or known in rule.vocabulary
            or not (is_word or rule.starts == "0")
        ]


def _dotted(
    match: re.Match[str],
    make: Callable[[re.Match[str], Clause], Value | None],
    ends: str | None,
    clause: Clause,
) -> Found | None:
    """What `make` says of a match that ends with a stop; None where it declines.

    None as well where a token goes on after the match.
    """
    start, end = match.span()
    text = clause.text
    dotted = text[end - 1] == "."
    if end not in clause.index:
        if not (dotted and end - 1 in clause.index):
            return None
        dotted, end = False, end - 1  # the stop is of several signs, and stays by itself
    value = make(match, clause)
    if value is None:
        return None
    return value, text[start:end], start, dotted and clause.ends_sentence(end, ends or "never")
