"""Numbers, dates, times, money, letters and addresses in words, as the text front end says them."""

from __future__ import annotations

import calendar
import random
import string
from collections.abc import Callable, Sequence

from num2words import num2words

MONTHS = calendar.month_name[1:]
UNITS = ("percent", "degrees", "kilometers", "miles", "feet", "pounds", "kilograms", "gallons")
TIMES = ("seconds", "minutes", "hours", "days", "weeks", "months", "years", "gigabytes", "volts")
_MONEY = (("dollars", "cents"), ("euros", "cents"), ("pounds", "pence"))
_LETTERS = string.ascii_lowercase
_SIGNS = ("dot", "slash", "dash", "underscore")


def cardinal(number: int) -> str:
    """`number` as Americans say it.

    >>> cardinal(1105)
    'one thousand one hundred five'
    """
    words = str(num2words(number)).replace(" and ", " ").replace("-", " ")
    return words.replace(",", "")


def ordinal(number: int) -> str:
    """The ordinal of `number`."""
    return str(num2words(number, to="ordinal")).replace(" and ", " ").replace("-", " ")


def year(number: int) -> str:
    """`number` as a year.

    >>> year(1905), year(2000), year(2024)
    ('nineteen oh five', 'two thousand', 'twenty twenty four')
    """
    century, rest = divmod(number, 100)
    if rest == 0:
        return cardinal(number) if century % 10 == 0 else f"{cardinal(century)} hundred"
    if 2000 <= number < 2010:
        return cardinal(number)
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def digits(count: int, rng: random.Random) -> str:
    """So many random digits, one by one."""
    return " ".join(cardinal(n) if (n := rng.randrange(10)) else "oh" for _ in range(count))


def counting(rng: random.Random) -> str:
    """Numbers one after the other, up or down, or in steps."""
    step = rng.choice((1, 1, 1, 1, -1, 2, 5, 10))
    first = rng.choice((1, 1, 1, rng.randint(1, 90)))
    numbers = [first + step * i for i in range(rng.randint(3, 12))]
    return ", ".join(cardinal(number) for number in numbers if number >= 0)


def alphabet(rng: random.Random) -> str:
    """Letters in their order, from anywhere on."""
    first = rng.randrange(23)
    return ", ".join(letter_name(letter) for letter in _LETTERS[first : first + rng.randint(3, 26)])


def letter_name(letter: str) -> str:
    """A letter as the front end writes it: the letter A is `ay`, since `a` is the article."""
    return "ay" if letter == "a" else letter


def letters(count: int, rng: random.Random) -> str:
    """So many random letters."""
    return " ".join(letter_name(letter) for letter in rng.choices(_LETTERS, k=count))


def date(rng: random.Random) -> str:
    """A random day of the year."""
    return f"{rng.choice(MONTHS)} {ordinal(rng.randint(1, 31))}"


def figure(rng: random.Random, words: Sequence[str], names: Sequence[str]) -> str:
    """Something with numbers or letters in words; `words` and `names` fill addresses."""
    hour, minute, half = rng.randint(1, 12), rng.randint(1, 59), rng.choice(["ay m", "p m"])
    clock = f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    units, parts = rng.choice(_MONEY)
    amount = rng.randint(2, 10 ** rng.randint(1, 6))
    day = date(rng)
    past = year(rng.randint(1500, 2049))
    word, other = rng.choice(words), rng.choice(words)
    kinds: tuple[Callable[[], str], ...] = (
        lambda: cardinal(rng.randint(0, 20)),
        lambda: cardinal(rng.randint(0, 100)),
        lambda: cardinal(rng.randint(0, 10 ** rng.randint(1, 7))),
        lambda: f"the {ordinal(rng.randint(1, 120))}",
        lambda: f"{cardinal(rng.randint(0, 999))} point {digits(rng.randint(1, 3), rng)}",
        lambda: f"{cardinal(rng.randint(2, 500))} {rng.choice((*UNITS, *TIMES))}",
        lambda: f"{cardinal(amount)} {units}",
        lambda: f"{cardinal(amount)} {units} and {cardinal(rng.randint(2, 99))} {parts}",
        lambda: f"{cardinal(rng.randint(2, 900))} {rng.choice(['million', 'billion'])} {units}",
        lambda: past,
        lambda: day,
        lambda: f"{day}, {past}",
        lambda: f"the {ordinal(rng.randint(1, 31))} of {rng.choice(MONTHS)}",
        lambda: f"{clock} {half}",
        lambda: clock,
        lambda: f"{cardinal(hour)} o'clock",
        lambda: f"half past {cardinal(hour)}",
        lambda: f"{rng.choice(['quarter', 'ten'])} {rng.choice(['to', 'past'])} {cardinal(hour)}",
        lambda: f"{digits(3, rng)}, {digits(3, rng)}, {digits(4, rng)}",
        lambda: letters(rng.randint(2, 4), rng),
        lambda: f"{letters(rng.randint(1, 3), rng)} {cardinal(rng.randint(1, 99))}",
        lambda: f"{word} dot {rng.choice(['com', 'org', 'net', 'i o'])}",
        lambda: f"{word} {rng.choice(_SIGNS)} {other}",
        lambda: f"{rng.choice(names)} at {word} dot org",
        lambda: f"version {cardinal(rng.randint(0, 20))} point {cardinal(rng.randint(0, 30))}",
        lambda: f"chapter {cardinal(rng.randint(1, 60))}",
        lambda: f"room {digits(3, rng)}",
    )
    return rng.choice(kinds)()
