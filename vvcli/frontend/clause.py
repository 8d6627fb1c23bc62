"""A clause while it is classified: its tokens, and what a rule may ask about the neighbours."""

from __future__ import annotations

from functools import cache, cached_property
from itertools import accumulate, compress, count, islice
from typing import Any

from vvcli.frontend.tokenize import Token, tokenize

_MAX_LOOK = 8  # tokens to either side, so that the time stays linear
_NOTHING = ("",) * _MAX_LOOK


class _Shapes(dict[int, str]):
    """The kind of a character: "a" a letter, "0" a digit, " " a space, others themselves."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        shape = character
        if character.isalpha():
            shape = "a"
        elif character in "0123456789":
            shape = "0"
        elif character.isspace():
            shape = " "
        self[code] = shape
        return shape


_SHAPES = _Shapes()


@cache
def class_name(kind: type) -> str:
    """The name of the class that values of this type are of: their file, up to an underscore."""
    return kind.__module__.rpartition(".")[2].partition("_")[0].title()


@cache
def _noted(kind: type) -> tuple[str, bool, bool]:
    """How rules call an item of this type before them; whether it is a stop, or a plain word."""
    name = class_name(kind)
    is_sign = name == "Punctuation"
    return kind.__name__ if is_sign else name, kind.__name__ == "Stop", kind.__name__ == "Plain"


class Clause:
    """The text of a clause and its tokens.

    `index` is the number of the token that begins at a place; the place after the last one is in
    it, too. Where tokens begin and end, a match may.
    """

    def __init__(
        self,
        text: str,
        *,
        starters: frozenset[str] = frozenset(),
        continuers: frozenset[str] = frozenset(),
        british: bool = False,
        is_first: bool = True,
        is_last: bool = True,
    ) -> None:
        self.text = text
        self.tokens = tokenize(text)
        kinds, texts, starts = zip(*self.tokens, strict=True) if text else ((), (), ())
        self.index = dict(zip((*starts, len(text)), count(), strict=False))
        is_solid = list(map("space".__ne__, kinds))
        self._solid = list(compress(self.tokens, is_solid))
        self._words = [*_NOTHING, *compress(texts, is_solid), *_NOTHING]
        # The number of those before a place where a token begins.
        self._rank = dict(zip(self.index, accumulate(is_solid, initial=0), strict=True))
        self._count = len(self._solid)
        self.shapes = text.translate(_SHAPES)
        self.present = frozenset(self.shapes)
        self.continuers = continuers  # names that go on with a sentence
        self.starters = starters  # words that begin sentences, and no names
        self.british = british
        self.is_first = is_first  # of its record
        self.is_last = is_last
        # What has been classified: the value, its text, its place, and whether it ends a sentence.
        self.items: list[tuple[Any, str, int, bool]] = []
        self._counted = 0  # items, of which the next two tell
        self._plain_words = 0  # in this sentence
        self._has_stop = False

    @property
    def previous(self) -> str:
        """The class of the last item that is not a space; "" at the start."""
        for item in self.items[-1:-3:-1]:  # no space is beside another
            kind: type = type(item[0])
            name = _noted(kind)[0]
            if name != "Space":
                return name
        return ""

    def _is_sentence(self) -> bool:
        """Whether what has been classified has a stop, or two plain words after the last one."""
        # When first asked: hardly any rule does.
        for value, text, _, ends_sentence in islice(self.items, self._counted, None):
            kind: type = type(value)
            _, is_stop, is_plain = _noted(kind)
            if is_stop or ends_sentence:
                self._plain_words = 0
                self._has_stop = True
            elif is_plain:
                self._plain_words += 2 if "'" in text else 1
        self._counted = len(self.items)
        return self._plain_words >= 2 or self._has_stop

    def token_before(self, place: int, count: int = 1) -> Token | None:
        """The `count`-th token before `place` that is not a space."""
        i = self._rank[place] - count
        return self._solid[i] if i >= 0 else None

    def token_after(self, place: int, count: int = 1) -> Token | None:
        """The `count`-th token from `place` on that is not a space."""
        i = self._rank.get(place, self._count) + count - 1
        return self._solid[i] if i < self._count else None

    def before(self, place: int, count: int = 1) -> str:
        """The text of that token, up to the eighth; "" if there is none."""
        return self._words[self._rank[place] + _MAX_LOOK - count]

    def after(self, place: int, count: int = 1) -> str:
        """The text of that token, up to the eighth; "" if there is none."""
        return self._words[self._rank.get(place, self._count) + _MAX_LOOK - 1 + count]

    def cue(self, place: int) -> str:
        """The word before `place` in lower case, without the full stop of an abbreviation."""
        before = self.before(place)
        return (self.before(place, 2) if before == "." else before).lower()

    def touches(self, place: int) -> str:
        """The character before `place`, which may be a space; "" at the start."""
        return self.text[place - 1 : place]  # of [-1:0], too

    def follows(self, place: int) -> str:
        """The character at `place`; "" at the end."""
        return self.text[place : place + 1]

    def begins_sentence(self, place: int) -> bool:
        """Whether the token at `place` is the first of a sentence; quotes do not count."""
        last = self.index[place] - 1
        for i in range(last, max(last - _MAX_LOOK, -1), -1):
            token = self.tokens[i]
            if token.kind == "stop":
                return True
            if token.kind != "space" and token.text not in ('"', "'", "(", "[", "*", "**", "_"):
                return token.text in (":", "—", "#", "##", "###", ">", "•")
        return True

    def ends_sentence(self, end: int, how: str) -> bool:
        """Whether the full stop before `end`, an abbreviation's own, ends a sentence as well.

        `how`: "never"; "starter", before a word that begins sentences; "capital", before any
        capital or number. At the end of a record it does after two plain words or more, or other
        sentences; less is no sentence, and a measure such as "6 ft." stays one.
        """
        if how == "never":
            return False
        token, spaced = self._after_closing(end)
        if token is None:
            return not self.is_last or self._is_sentence()
        if not spaced or token.kind not in ("word", "number"):
            return False
        if token.kind == "number":
            return how == "capital"
        if not token.text[0].isupper() or token.text.lower() in self.continuers:
            return False
        return how == "capital" or token.text.lower() in self.starters

    def _after_closing(self, end: int) -> tuple[Token | None, bool]:
        spaced = False
        for token in self.tokens[self.index[end] : self.index[end] + _MAX_LOOK]:
            if token.kind == "space":
                spaced = True
            elif token.text not in ('"', "'", ")", "]", "("):
                return token, spaced
        return None, True

    @cached_property
    def is_shouting(self) -> bool:
        """Whether capitals carry no meaning because (nearly) all words have them."""
        words = [token.text for token in self.tokens if token.kind == "word"]
        words = [word for word in words if len(word) > 1]
        shouted = sum(word.isupper() for word in words)
        return len(words) >= 2 and shouted > 0.6 * len(words)
