"""Everything with digits in it, as English words: dates, times, money, measures, plain numbers.

Each pattern takes its digits out of the text, so the order of `_RULES` is the order of
precedence: a date is not a fraction, a time is not a ratio.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from vvcli.script.english_tables import MONTHS
from vvcli.script.english_units import CURRENCIES, IRREGULAR_UNITS, MAGNITUDES, UNITS
from vvcli.script.number_words import cardinal, decimal, digits, ordinal, plural, year

Match = re.Match[str]

_MONTH = "(?:" + "|".join(MONTHS) + ")"
_NUMBER = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_LONG_RUN = re.compile(r"\d(?:,?\d){15,}")
_UNIT = "|".join(re.escape(u) for u in sorted(UNITS, key=len, reverse=True))
_MAGNITUDE = "thousand|million|billion|trillion|bn|[kKmMbBtT]"
_SIGNS = re.escape("".join(CURRENCIES))


def expand_numbers(text: str) -> str:
    """Replace all digits in `text` by words.

    >>> expand_numbers("at 9:05 pm")
    'at nine oh five p m'
    """
    # No number with a name is this long; nor does Python read thousands of digits as one.
    text = _LONG_RUN.sub(lambda run: f" {digits(run[0])} ", text)
    for pattern, words in _RULES:
        text = pattern.sub(words, text)
    return text


def _numeric_date(match: Match) -> str:
    first, second, years = int(match[1]), int(match[2]), match[3]
    month, day = (first, second) if first <= 12 else (second, first)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0].replace("/", " slash ")
    full = int(years) if len(years) == 4 else 2000 + int(years)
    return f"{MONTHS[month - 1]} {ordinal(day)}, {year(full)}"


def _iso_date(match: Match) -> str:
    month, day = int(match[2]), int(match[3])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0].replace("-", " ")
    return f"{MONTHS[month - 1]} {ordinal(day)}, {year(int(match[1]))}"


def _month_day(match: Match) -> str:
    years = f", {year(int(match[3]))}" if match[3] else ""
    return f"{match[1]} {ordinal(int(match[2]))}{years}"


def _day_month(match: Match) -> str:
    years = f" {year(int(match[3]))}" if match[3] else ""
    return f"the {ordinal(int(match[1]))} of {match[2]}{years}"


def _clock(match: Match) -> str:
    hour, minute, second, half = int(match[1]), int(match[2]), match[3], match[4]
    if minute == 0:
        words = cardinal(hour) + ("" if half else " o'clock" if 0 < hour < 13 else " hundred")
    else:
        words = f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    if second:
        words += f" and {_counted(second, 'second', 'seconds')}"
    return words + (f" {_half_day(half)}" if half else "")


def _hour(match: Match) -> str:
    return f"{cardinal(int(match[1]))} {_half_day(match[2])}"


def _half_day(half: str) -> str:
    return "ay m" if half[0] in "aA" else "p m"


def _money(match: Match) -> str:
    unit, units, part, parts = CURRENCIES[match[1]]
    amount, magnitude = match[2], match[3]
    if magnitude:
        name = MAGNITUDES.get(magnitude.lower(), magnitude)
        return f"{decimal(amount)} {name} {units}"
    whole, _, fraction = amount.replace(",", "").partition(".")
    if len(fraction) not in (0, 2):
        return f"{decimal(amount)} {units}"
    words = []
    if int(whole or "0") or not int(fraction or "0"):
        words.append(_counted(whole, unit, units))
    if int(fraction or "0"):
        words.append(_counted(fraction, part, parts))
    return " and ".join(words)


def _counted(number: str, one: str, many: str) -> str:
    return f"{decimal(number.lstrip('0') or '0')} {one if float(number) == 1 else many}"


def _measure(match: Match) -> str:
    number, name = match[1].replace(",", ""), UNITS[match[2]]
    return _counted(number, name, IRREGULAR_UNITS.get(name, name + "s"))


def _fraction(match: Match) -> str:
    over, under = int(match[1]), int(match[2])
    if under == 2:
        name = "half" if over == 1 else "halves"
    elif under == 4:
        name = "quarter" if over == 1 else "quarters"
    elif 3 <= under <= 20 and over < under:
        name = ordinal(under) + ("" if over == 1 else "s")
    else:
        return f"{cardinal(over)} over {cardinal(under)}"
    return f"{cardinal(over)} {name}"


def _range(match: Match) -> str:
    ends = (match[1], match[2])
    return " to ".join(year(int(e)) if _is_year(e) else decimal(e) for e in ends)


def _is_year(text: str) -> bool:
    return len(text) == 4 and text.isdigit() and "1100" <= text < "2100"


def _plain(match: Match) -> str:
    return f" {year(int(match[0])) if _is_year(match[0]) else decimal(match[0])} "


_RULES: list[tuple[re.Pattern[str], Callable[[Match], str]]] = [
    (re.compile(r"(?<![\d.,])\d+(?:\.\d+){2,}"), lambda m: _version(m)),
    (re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b"), _iso_date),
    (re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})\b"), _numeric_date),
    (re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}})\b)?"), _month_day),
    (
        re.compile(
            rf"\b(?:[Tt]he )?(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({_MONTH})\b(?:,? (\d{{4}})\b)?"
        ),
        _day_month,
    ),
    (
        re.compile(r"\b([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?:\s?([AaPp])\.?\s?[Mm]\b\.?)?"),
        _clock,
    ),
    (re.compile(r"\b(1[0-2]|[1-9])\s?([AaPp]\.?[Mm])\b"), _hour),
    (re.compile(rf"(?<![\w)])-(?=[{_SIGNS}]?\.?\d)"), lambda m: "minus "),
    (re.compile(rf"([{_SIGNS}])\s?({_NUMBER})(?:\s?({_MAGNITUDE})\b)?"), _money),
    (re.compile(rf"({_NUMBER})\s?%"), lambda m: f"{decimal(m[1])} percent"),
    (re.compile(r"\b(1[1-9]|20)(\d0)'?s\b"), lambda m: plural(year(int(m[1] + m[2])))),
    (re.compile(r"'(\d0)'?s\b"), lambda m: plural(cardinal(int(m[1])))),
    (re.compile(rf"(?<![\w.])({_NUMBER})[\s-]?({_UNIT})(?![\w/])"), _measure),
    (re.compile(r"(?<![\w.,])\(?(\d{3})\)?[\s.-](\d{3})[.-](\d{4})\b"), lambda m: _phone(m)),
    (re.compile(r"(?<![\w.,-])(\d{3})-(\d{4})\b"), lambda m: f"{digits(m[1])}, {digits(m[2])}"),
    (re.compile(r"\b(\d+)(?:,?(\d{3}))?(?:st|nd|rd|th)\b"), lambda m: _rank(m)),
    (re.compile(r"(?<![\w/.])(\d{1,3})/(\d{1,4})(?![\w/])"), _fraction),
    (re.compile(r"(?<![\w.-])(\d+(?:\.\d+)?)\s?[-–]\s?(\d+(?:\.\d+)?)(?![\w-])"), _range),
    (re.compile(r"(?<=\d)x(?=\d)"), lambda m: " by "),
    (re.compile(_NUMBER), _plain),
]


def _phone(match: Match) -> str:
    return ", ".join(digits(group) for group in match.groups())


def _rank(match: Match) -> str:
    return ordinal(int(match[1] + (match[2] or "")))


def _version(match: Match) -> str:
    return f" {' point '.join(cardinal(int(part)) for part in match[0].split('.'))} "
