"""Numbers as English words."""

from __future__ import annotations

SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
LARGEST = 10**15

IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(number: int) -> str:
    """Words for `number`, from zero up; from a thousand million million on, digit by digit.

    >>> cardinal(1250)
    'one thousand two hundred fifty'
    """
    if number >= LARGEST:
        return digits(str(number))
    if number < 20:
        return SMALL[number]
    if number < 100:
        rest = number % 10
        return TENS[number // 10] + (f" {SMALL[rest]}" if rest else "")
    for scale, name in (*SCALES, (100, "hundred")):
        if number >= scale:
            rest = number % scale
            return f"{cardinal(number // scale)} {name}" + (f" {cardinal(rest)}" if rest else "")
    raise AssertionError(number)


def ordinal(number: int) -> str:
    """Words for a rank.

    >>> ordinal(21)
    'twenty first'
    """
    return ordinal_of(cardinal(number))


def ordinal_of(words: str) -> str:
    """Turn a cardinal's words into the ordinal's: only the last word changes."""
    *front, last = words.split()
    if last in IRREGULAR_ORDINALS:
        last = IRREGULAR_ORDINALS[last]
    elif last.endswith("y"):
        last = last[:-1] + "ieth"
    else:
        last += "th"
    return " ".join([*front, last])


def digits(text: str) -> str:
    """Each digit of `text` by its name.

    >>> digits("007")
    'zero zero seven'
    """
    return " ".join(SMALL[int(d)] for d in text if d.isdigit())


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
