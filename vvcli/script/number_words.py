"""Numbers as English words."""

from __future__ import annotations

from num2words import num2words

LARGEST = 10**15


def cardinal(number: int) -> str:
    """Words for `number`, from zero up; from a thousand million million on, digit by digit.

    >>> cardinal(1250)
    'one thousand two hundred fifty'
    """
    return _words(number) if number < LARGEST else digits(str(number))


def ordinal(number: int) -> str:
    """Words for a rank; from a thousand million million on, digit by digit.

    >>> ordinal(21)
    'twenty first'
    """
    return _words(number, to="ordinal") if number < LARGEST else digits(str(number))


def _words(number: int, **options: str) -> str:
    """The library's words without its commas, hyphens and "and": the voice never heard those."""
    words = num2words(number, **options).replace(",", "").replace("-", " ")
    return words.replace(" and ", " ")


def digits(text: str) -> str:
    """Each digit of `text` by its name.

    >>> digits("007")
    'zero zero seven'
    """
    return " ".join(cardinal(int(d)) for d in text if d.isdigit())


def year(number: int) -> str:
    """Words for a year, in pairs where English reads pairs.

    >>> year(1905), year(2026), year(2004)
    ('nineteen oh five', 'twenty twenty six', 'two thousand four')
    """
    century, rest = divmod(number, 100)
    if not 1000 < number < 10_000 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def decimal(text: str) -> str:
    """Words for digits with optional thousands commas and one optional decimal point.

    >>> decimal("1,234.05")
    'one thousand two hundred thirty four point zero five'
    """
    whole, _, fraction = text.replace(",", "").partition(".")
    if len(whole) > 1 and whole[0] == "0" and not fraction:
        return digits(whole)
    words = cardinal(int(whole or "0"))
    return f"{words} point {digits(fraction)}" if fraction else words


def plural(words: str) -> str:
    """The plural of a number's words, as for decades.

    >>> plural("nineteen ninety")
    'nineteen nineties'
    """
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")
