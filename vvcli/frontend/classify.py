"""Second pass: runs of tokens become items, each of one semiotic class.

A language gives an ordered list of rules. At each token the rules that may begin there are tried
in that order; the first one that matches takes the tokens it matched. A pattern looks at a bounded
number of characters, so the time is linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache, partial
from string import ascii_lowercase as _LETTERS
from typing import NamedTuple, Protocol

from vvcli.frontend.clause import Clause, class_name
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
    # A pattern for the shape of the first token and of seven characters after it, two after a word
    # of several letters: as many zeros as a number has digits, six at most; "a" for a letter, so
    # "aa" for a word, and "a'" for one like "I'm"; " " for a space, others themselves. A rule is
    # not even tried elsewhere: most tokens cost a look into a table.
    shape: str = ""
    # Letters, in lower case, that the word begins with, or that the one after a number is of.
    letters: str = ""
    needs: str = ""  # characters, a letter as "a": it matches no clause that has none of them


# What finds a match, makes its value, and says how its full stop ends sentences.
_Candidate = tuple[
    Callable[[str, int], "re.Match[str] | None"],
    Callable[["re.Match[str]", Clause], Value | None],
    str | None,
]


class Item(NamedTuple):
    """Some tokens of a clause and what they mean."""

    value: Value
    text: str
    start: int  # in the clause
    stop: bool = False  # the full stop it ends with also ends the sentence

    @property
    def name(self) -> str:
        """The name of its class: of the file that holds it, up to an underscore."""
        return class_name(type(self.value))

    def words(self, british: bool = False) -> str:
        """How it is said."""
        return self.value.words(british) + "." if self.stop else self.value.words(british)


# Characters after a token that a rule's shape sees. After a word they vary more, and say less.
_SEEN, _SEEN_AFTER_WORD = 7, 2
_MAX_PLACES = 1 << 14  # kept in mind; a server may meet any number of them
# Without the checks of arguments that take half of the time.
_new_item: Callable[[tuple[Value, str, int, bool]], Item] = partial(tuple.__new__, Item)

# What many patterns begin with. They are not tried after these characters: in a long run of letters
# and signs they are most of those that would be.
_APART = r"(?<![\w.@/-])"
_GLUE = "_.@/-"  # and letters and digits


class RuleBook:
    """The rules of a language, found by the token they may begin with."""

    def __init__(self, rules: Iterable[Rule], default: Callable[[Token, Clause], Value]) -> None:
        self._rules = tuple(rules)
        self._default = default
        self._vocabulary = frozenset[str]().union(*(rule.vocabulary or () for rule in self._rules))
        # A bit for each set of characters that a rule needs.
        self._needs = tuple({rule.needs: None for rule in self._rules if rule.needs})
        self._starting: dict[tuple[str, str], _Starting] = {}
        self._found: dict[tuple[str, int, int], tuple[_Candidate, ...]] = {}
        self.attempts = 0  # of rules, at all tokens so far

    def classify(self, clause: Clause) -> list[Item]:
        """The items of `clause`, which cover its tokens in order."""
        items: list[Item] = []
        tokens, places, text, found = clause.tokens, clause.index, clause.text, self._found
        missing = self._missing(clause)
        index, count = 0, len(tokens)
        space: Value | None = None  # one for all
        while index < count:
            token = tokens[index]
            kind, written, start = token
            if kind == "space":
                space = space or self._default(token, clause)
                items.append(_new_item((space, written, start, False)))
                index += 1
                continue
            # What decides which rules may begin here: the token and its surroundings.
            size = len(written)
            beyond = start + size + (_SEEN_AFTER_WORD if kind == "word" and size > 1 else _SEEN)
            place = (text[start and start - 1 : beyond], size if start else -size, missing)
            candidates = found.get(place)
            if candidates is None:
                candidates = found[place] = self._candidates(token, clause, missing)
            self.attempts += len(candidates)
            for match_at, make, ends in candidates:
                match = match_at(text, start)
                if match is None:
                    continue
                end = match.end()
                if text[end - 1] == "." or end not in places:
                    found_item = _item(match, make, ends, clause)
                    if found_item is None:
                        continue
                    item = found_item
                elif (value := make(match, clause)) is not None:
                    item = _new_item((value, text[start:end], start, False))
                else:
                    continue
                index = places[start + len(item.text)]
                break
            else:
                item = _new_item((self._default(token, clause), written, start, False))
                index += 1
            clause.note(item.value, item.text, ends_sentence=item.stop)
            items.append(item)
        if len(found) > _MAX_PLACES:
            found.clear()
        return items

    def _missing(self, clause: Clause) -> int:
        """The bits of the needs that nothing in `clause` meets."""
        present = clause.present
        return sum(1 << i for i, need in enumerate(self._needs) if present.isdisjoint(need))

    def _candidates(self, token: Token, clause: Clause, missing: int) -> tuple[_Candidate, ...]:
        """The rules that may begin at `token`, with what finds a match of theirs."""
        kind, text, start = token
        end = start + len(text)
        seen = _SEEN_AFTER_WORD if kind == "word" and len(text) > 1 else _SEEN
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
            place, shape = (first[0], ""), first + beyond
        starting = self._starting.get(place)
        if starting is None:
            if len(self._starting) >= _MAX_PLACES:
                self._starting.clear()
            rules = [rule for rule in self._rules if _may_start(rule, *place)]
            starting = self._starting[place] = _Starting(rules, self._needs)
        return starting.find(shape, letter, is_glued, missing)


def _item(
    match: re.Match[str],
    make: Callable[[re.Match[str], Clause], Value | None],
    ends: str | None,
    clause: Clause,
) -> Item | None:
    """What `make` says of `match`; None where it declines, or a token goes on after the match."""
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
    stop = dotted and ends is not None and clause.ends_sentence(end, ends)
    return _new_item((value, text[start:end], start, stop))


class _Starting:
    """The rules that may begin with some kind of token."""

    def __init__(self, rules: list[Rule], needs: tuple[str, ...]) -> None:
        self._rules = [
            (
                rule,
                _shape(rule.shape),
                rule.pattern.pattern.startswith(_APART),
                1 << needs.index(rule.needs) if rule.needs else 0,
            )
            for rule in rules
        ]
        self._needed = 0
        for _, _, _, need in self._rules:
            self._needed |= need
        self._found: dict[tuple[str, str, bool, int], tuple[_Candidate, ...]] = {}

    def find(self, shape: str, letter: str, is_glued: bool, missing: int) -> tuple[_Candidate, ...]:
        """Those that may begin at such a place."""
        missing &= self._needed
        key = (shape, letter, is_glued, missing)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _MAX_PLACES:
                self._found.clear()
            found = self._found[key] = tuple(
                (rule.pattern.match, rule.make, rule.stop)
                for rule, fits, stands_apart, need in self._rules
                if not (need & missing or (is_glued and stands_apart))
                and not (letter and rule.letters and letter not in rule.letters)
                and (fits is None or fits(shape))
            )
        return found


@cache
def _shape(pattern: str) -> Callable[[str], re.Match[str] | None] | None:
    """What finds such shapes; None if any will do."""
    return cache(re.compile(pattern).match) if pattern else None


def _may_start(rule: Rule, start: str, word: str) -> bool:
    """Whether a token of kind `start`, the known word `word`, may begin a match of `rule`."""
    if start not in ("w", "C"):
        return start in rule.starts
    fits = "w" in rule.starts or start in rule.starts
    return fits and (rule.vocabulary is None or word in rule.vocabulary)
