"""The classes of English in their order of precedence, and what no class takes."""

from __future__ import annotations

from vvcli.frontend.classify import RuleBook
from vvcli.frontend.clause import Clause
from vvcli.frontend.english import (
    abbreviation,
    abbreviation_phrase,
    abbreviation_place,
    cardinal,
    chemistry,
    chess,
    date,
    date_numeric,
    decade,
    decimal,
    digits,
    electronic,
    electronic_bracket,
    electronic_code,
    electronic_file,
    emoji,
    fraction,
    idiom,
    letters,
    letters_chord,
    letters_single,
    markup,
    math,
    measure,
    measure_angle,
    measure_kitchen,
    measure_part,
    measure_per,
    measure_prime,
    money,
    money_pence,
    ordinal,
    plain,
    punctuation,
    roman,
    roman_place,
    score,
    symbol,
    telephone,
    time,
    time_compact,
    time_offset,
    time_ratio,
    version,
    weekday,
    year,
)
from vvcli.frontend.english import range as ranges
from vvcli.frontend.item import Value
from vvcli.frontend.tokenize import Token

# A date is no fraction, a time no ratio, and a price no measure: whoever is more certain is first.
CLASSES = (
    plain,
    markup,
    electronic,
    electronic_file,
    electronic_bracket,
    electronic_code,
    idiom,
    chess,
    letters_chord,
    chemistry,
    date_numeric,
    date,
    telephone,
    time,
    time_offset,
    time_compact,
    time_ratio,
    money,
    money_pence,
    decade,
    ordinal,
    measure_prime,
    measure_part,
    measure_angle,
    measure_kitchen,
    measure_per,
    measure,
    version,
    year,
    score,
    fraction,
    digits,
    ranges,
    roman_place,
    roman,
    weekday,
    abbreviation_place,
    abbreviation_phrase,
    abbreviation,
    letters,
    letters_single,
    cardinal,
    decimal,
    math,
    punctuation,
    symbol,
)


def english() -> RuleBook:
    """The rules of English."""
    return RuleBook([rule for each in CLASSES for rule in each.RULES], _English())


class _English:
    """What a token is that no rule took."""

    space: Value = punctuation.SPACE

    def settled(self, token: Token, touches: str, follows: str) -> Value | None:
        """By what touches and follows it; None if words further away matter."""
        kind, text, _ = token
        if kind == "word":
            return plain.Plain(text.lower()) if text.isascii() else None
        if kind == "number":
            return digits.Digits((text,))
        if kind == "symbol":
            return symbol.symbol(text)
        if kind == "punctuation":
            return punctuation.settled_pause(text, touches, follows)
        return None

    def default(self, token: Token, clause: Clause) -> Value:
        """Where those do."""
        if token.kind == "word":
            return plain.plain(token, clause)
        if token.kind == "stop":
            return punctuation.stop(token, clause)
        if token.kind == "pictograph":
            return emoji.emoji(token, clause)
        return punctuation.pause(token, clause)
