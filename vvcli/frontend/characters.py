"""The characters of a text in one spelling each: entities, quotes, dashes, NFKC, fractions.

Places in the cleaned text can be traced back to the source.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# A character that combining marks may follow, with what is not ASCII. Marks compose with at most
# this many neighbours at once, so that thousands of them on one letter stay linear.
_PIECE = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]{1,64}[0-9]?")
_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]{1,32}")
_FRACTIONS = {c: unicodedata.normalize("NFKC", c).replace("⁄", "/") for c in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒↉"}
_VULGAR = re.compile(f"[{''.join(_FRACTIONS)}]")
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20df\ufe20-\ufe2f]+")
_JOINER = re.compile("(?<=[^\\W\\d_])\u200d(?=[^\\W\\d_])")
# What these mean would be lost in NFKC; tables of the language name them. Of a numeral in several
# characters NFKC makes the letters of one: "ⅩⅣ" is 14.
_KEPT = re.compile("([™℠№℻℡①-⑳⓪-⓿]|(?<![Ⅰ-ↈ])[Ⅰ-ↈ](?![Ⅰ-ↈ]))")
_PLAIN: dict[str, str] = {
    **dict.fromkeys("‘’‚‛ʼʹ′`´＇", "'"),
    **dict.fromkeys("“”„‟«»″‶〝〞〟＂", '"'),
    **dict.fromkeys("‹›", "'"),
    **dict.fromkeys("‐‑‒−﹣－", "-"),
    **dict.fromkeys("―⸺⸻", "—"),
    **dict.fromkeys("⁄∕", "/"),
    **dict.fromkeys("。｡", "."),
    **dict.fromkeys("、，", ","),
    **dict.fromkeys("ʻ¿¡\u00ad\u200b\u200c\u200e\u200f\u2060\ufeff¨¯¸˘˙˚˝˜", ""),
    "º": "°",
    "…": "...",
    "‥": "..",
    "℃": "°C",
    "℉": "°F",
    "µ": "μ",
    "∶": ":",
    "⋅": "·",
    "∙": "·",
    "﹪": "%",
    "‼": "!!",
    "‽": "?!",
    "⁇": "??",
    "⁈": "?!",
    "⁉": "!?",
}
_SPELLINGS: dict[int, str] = {
    **str.maketrans(_PLAIN),
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], ""),  # directions
    **dict.fromkeys(range(0xD800, 0xE000), " "),  # half of a surrogate pair
}


@dataclass(frozen=True)
class Cleaned:
    """A text in one spelling, and where its pieces were."""

    text: str
    places: tuple[tuple[int, int], ...] = ()  # (place here, place in the source), increasing

    def source(self, place: int) -> int:
        """The place in the source of the character at `place`, or of the piece that it is in."""
        if not self.places:
            return place
        after = bisect_right(self.places, (place, 1 << 60))
        here, there = self.places[max(0, after - 1)]
        source = there + place - here
        return source if after == len(self.places) else min(source, self.places[after][1])


def clean(text: str) -> Cleaned:
    """`text` with entities resolved, typographic signs plain, and compatibility characters NFKC.

    Vulgar fractions become `1/2`, apart from a number before them; superscripts `^2`; letters keep
    their accents. ASCII without entities stays as it is.
    """
    cleaned = Cleaned(text)
    if "&" in text:
        cleaned = _replaced(cleaned, _ENTITY, _entity)
    if not cleaned.text.isascii():
        cleaned = _replaced(cleaned, _PIECE, _piece)
    return cleaned


def _replaced(cleaned: Cleaned, pattern: re.Pattern[str], replace: Callable[[str], str]) -> Cleaned:
    text, parts, places = cleaned.text, [], [(0, cleaned.source(0))]
    length = end = 0
    for match in pattern.finditer(text):
        new = replace(match[0])
        if new == match[0]:
            continue
        parts += [text[end : match.start()], new]
        length += match.start() - end
        places.append((length, cleaned.source(match.start())))
        length += len(new)
        end = match.end()
        places.append((length, cleaned.source(end)))
    parts.append(text[end:])
    return Cleaned("".join(parts), tuple(places))


def _entity(written: str) -> str:
    from html import unescape  # 15 ms to import, and few texts have entities

    return unescape(written)


def _piece(text: str) -> str:
    # Most are one sign or accent that was met before.
    return _short_piece(text) if len(text) < _SHORT else _spelled(text)


def _spelled(text: str) -> str:
    text = text.translate(_SPELLINGS)
    text = _VULGAR.sub(_fraction, text)
    text = _SUPERSCRIPT.sub(lambda m: "^" + unicodedata.normalize("NFKC", m[0]), text)
    parts = [
        part if _KEPT.fullmatch(part) else unicodedata.normalize("NFKC", part)
        for part in _KEPT.split(text)
    ]
    text = "".join(map(_digits, parts)).translate(_SPELLINGS)
    return _JOINER.sub("", _MARKS.sub("", unicodedata.normalize("NFC", text)))


_SHORT = 8
_short_piece = lru_cache(4096)(_spelled)


def _fraction(match: re.Match[str]) -> str:
    text, (start, end) = match.string, match.span()
    # A number or word beside it stays apart, and a fraction, which may be in the piece before.
    before = text[start - 1] if start else "0"
    number = _FRACTIONS[text[start]]
    number = f" {number}" if before.isalnum() else number
    return f"{number} " if text[end : end + 1].isdigit() else number


def _digits(text: str) -> str:
    """Digits of other scripts as ours."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.digit(c)) if not c.isascii() and unicodedata.category(c) == "Nd" else c
        for c in text
    )
