"""Numbers as English words."""

from __future__ import annotations

from functools import lru_cache

LARGEST = 10**15

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@lru_cache(4096)
def cardinal(number: int, british: bool = False) -> str:
    """Words for `number`, from zero up; from a thousand million million on, digit by digit.

    >>> cardinal(1250), cardinal(105, british=True)
    ('one thousand two hundred fifty', 'one hundred and five')
    """
    return _words(number, british) if number < LARGEST else digits(str(number))


@lru_cache(4096)
def ordinal(number: int, british: bool = False) -> str:
    """Words for a rank; from a thousand million million on, digit by digit.

    >>> ordinal(21)
    'twenty first'
    """
    if number >= LARGEST:
        return digits(str(number))
    return _words(number, british, to="ordinal")


def _words(number: int, british: bool, **options: str) -> str:
    """The library's words without its commas and hyphens, and without "and" in America."""
    from num2words import num2words  # 25 ms, and many texts have no numbers

    words = num2words(number, **options).replace(",", "").replace("-", " ")
    return words if british else words.replace(" and ", " ")


def digits(text: str) -> str:
    """Each digit of `text` by its name.

    >>> digits("007")
    'zero zero seven'
    """
    return " ".join(_DIGITS[int(d)] for d in text if d.isdigit())


def year(number: int, british: bool = False) -> str:
    """Words for a year, in pairs where English reads pairs.

    >>> year(1905), year(2026), year(2004), year(476), year(1066), year(1000)
    ('nineteen oh five', 'twenty twenty six', 'two thousand four', 'four seventy six', \
'ten sixty six', 'one thousand')
    """
    century, rest = divmod(number, 100)
    if not 100 < number < 10_000 or (century % 10 == 0 and rest < 10):
        return cardinal(number, british)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def grouped(text: str) -> str:
    """Digits in groups of three or four, as people read the numbers of rooms and flights.

    >>> grouped("370"), grouped("1408"), grouped("737"), grouped("800")
    ('three seventy', 'fourteen oh eight', 'seven thirty seven', 'eight hundred')
    """
    if text.startswith("0") or not 3 <= len(text) <= 4:
        return digits(text) if text.startswith("0") or len(text) > 4 else cardinal(int(text))
    return year(int(text))


def plural(words: str) -> str:
    """The plural of a number's words, as for decades.

    >>> plural("nineteen ninety")
    'nineteen nineties'
    """
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")


@lru_cache(4096)
def number(text: str, british: bool = False) -> str:
    """Words for digits with thousands commas and a decimal point, all of them optional.

    >>> number("1,234.05"), number(".5"), number("007")
    ('one thousand two hundred thirty four point zero five', 'zero point five', 'zero zero seven')
    """
    whole, _, fraction = text.replace(",", "").partition(".")
    if len(whole) > 1 and whole[0] == "0" and not fraction:
        return digits(whole)
    # No number with a name is longer; nor does Python read thousands of digits as one.
    words = digits(whole) if len(whole) > 15 else cardinal(int(whole or "0"), british)
    return f"{words} point {digits(fraction)}" if fraction else words


@lru_cache(4096)
def letters(text: str) -> str:
    """Letters by their names and digits by theirs; a lone `a` would be read as the article.

    >>> letters("USA"), letters("b2")
    ('u s ay', 'b two')
    """
    names = []
    for c in text.lower():
        if c.isdigit():
            names.append(digits(c))
        elif c.isalpha():
            names.append("ay" if c == "a" else c)
    return " ".join(names)
