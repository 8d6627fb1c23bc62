"""Digits that are names and no numbers: cards, ISBNs, codes, rooms, flights, addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import digits, grouped, letters
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues

_CODES = cues("digits.codes")
_GROUPED = cues("digits.grouped")
_STATES = cues("digits.states")


@dataclass(frozen=True)
class Digits:
    """Digits by their names, in groups that commas keep apart."""

    groups: tuple[str, ...]

    def words(self, british: bool) -> str:
        """As in "four one one one, one one one one"."""
        return ", ".join(digits(group) for group in self.groups)


@dataclass(frozen=True)
class Grouped:
    """The number of a room, flight or road, in pairs: "three seventy"."""

    parts: tuple[str, ...]

    def words(self, british: bool) -> str:
        """As in "seven thirty seven eight hundred"."""
        return " ".join(grouped(part) for part in self.parts)


def _split(match: re.Match[str], clause: Clause) -> Digits:
    return Digits(tuple(re.findall(r"\d+", match[0])))


def _isbn(match: re.Match[str], clause: Clause) -> Isbn | None:
    groups = match[0].split("-")
    if sum(map(len, groups)) not in (10, 13) or len(groups) < 4:
        return None
    return Isbn(tuple(groups))


@dataclass(frozen=True)
class Isbn:
    """The number of a book; its last digit may be X."""

    groups: tuple[str, ...]

    def words(self, british: bool) -> str:
        """As in "zero, three zero six, four zero six one five, x"."""
        return ", ".join("x" if group in "xX" else digits(group) for group in self.groups)


def _code(match: re.Match[str], clause: Clause) -> Digits | None:
    written = match[0]
    before = [clause.before(match.start(), n).lower() for n in (1, 2, 3)]
    if before[0] in (":", "#", "is", "no", "number", "=", "."):
        before = before[1:]
    is_cued = before[0] in _CODES or (before[0] in ("is", "number", "no") and before[1] in _CODES)
    if is_cued and len(written) >= (4 if written[0] != "0" else 2):
        return Digits((written,))
    place = match.start()
    is_zip = clause.before(place) in _STATES or clause.text[max(0, place - 5) : place] == "D.C. "
    if len(written) == 5 and is_zip:
        return Digits((written,))
    if len(written) == 5 and _is_place(match, clause):
        return Digits((written,))
    return None


def _is_place(match: re.Match[str], clause: Clause) -> bool:
    """Whether the name of a place is before it, and nothing that is counted after it."""
    place = match.start()
    last = clause.token_before(place)
    name = last.text if last else ""
    follows = clause.after(match.end())
    if name in ("", ",", "-") and follows.istitle() and len(follows) > 2:
        beyond = clause.token_after(match.end(), 2)
        is_end = beyond is None or beyond.kind == "stop" or beyond.text in (",", ")", "and")
        return is_end and not match[0].endswith("000")  # 75008 Paris
    is_name = name[:1].isupper() and name[1:].islower() and clause.touches(place) == " "
    if not is_name or last is None or clause.begins_sentence(last.start):
        first = clause.before(place, 2)
        if not (is_name and first.istitle() and first.isalpha()):
            return False
    after = clause.token_after(match.end())
    if name.lower() in _COUNTS or name.lower() in clause.continuers:
        return False
    return after is None or after.kind == "stop" or after.text in (",", ")", ";", "USA", "US")


_COUNTS = cues("digits.counts")


@dataclass(frozen=True)
class Code:
    """Letters and digits that name a thing, one by one: the number of a car."""

    written: str

    def words(self, british: bool) -> str:
        """As in "one h g c m eight two"."""
        return letters(self.written)


@dataclass(frozen=True)
class Codes:
    """Groups of letters and digits: a UUID."""

    groups: tuple[str, ...]

    def words(self, british: bool) -> str:
        """Each group, with pauses between."""
        return ", ".join(letters(group) for group in self.groups)


def _long_code(match: re.Match[str], clause: Clause) -> Code | None:
    pieces = re.findall(r"\d+|[A-Za-z]+", match[0])
    is_code = len(pieces) > 2 and all(piece.isdigit() or len(piece) < 5 for piece in pieces)
    return Code(match[0]) if is_code else None


def _long(match: re.Match[str], clause: Clause) -> Digits | None:
    written = match[0]
    if len(written) > 15 or (written[0] == "0" and len(written) > 1):
        return Digits((written,))
    if len(written) >= 10 and not written.endswith("000"):
        return Digits((written,))
    return None


def _commas(match: re.Match[str], clause: Clause) -> Digits:
    return Digits((match[0].replace(",", ""),))


def _grouped(match: re.Match[str], clause: Clause) -> Grouped | None:
    before = clause.before(match.start()).lower()
    if before in ("and", "or", "to", ",") and clause.before(match.start(), 2).isdigit():
        before = clause.before(match.start(), 3).lower()  # Rooms 101 and 102
    if before not in _GROUPED or len(match[0]) == 5:
        return None
    return Grouped(tuple(re.findall(r"\d+", match[0])))


def _after_letters(match: re.Match[str], clause: Clause) -> Grouped | None:
    """As in A380 and GTX1080, but not sha256."""
    before = clause.touches(match.start())
    if before == ".":
        before = clause.text[match.start() - 2 : match.start() - 1]  # H.264
    if before.isupper() and len(match[0]) in (3, 4) and match[0][0] != "0":
        return Grouped((match[0],))
    return None


def _street(match: re.Match[str], clause: Clause) -> Grouped | None:
    """The number of a house: "5678 Oak Ave"."""
    return Grouped((match["number"],)) if match["number"][0] != "0" else None


_STREET = (
    r"(?:St|Street|Ave|Avenue|Rd|Road|Blvd|Boulevard|Ln|Lane|Dr|Drive|Ct|Court|Way|Place|Pl|"
    r"Terrace|Highway|Hwy|Parkway|Pkwy|Circle|Square|Sq)"
)

RULES = [
    Rule(
        re.compile(r"(?=([A-Z0-9]{9,24}))\1(?!\w)"),
        _long_code,
        "C0",
        shape="aa0|a0[0a]{6}|0{1,2}a[0a]{6}|0{3,5}a[0a]{3}|0{6}a",
    ),
    Rule(
        re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?!\w)"),
        lambda m, c: Codes(tuple(m[0].split("-"))),
        "w0",
        shape="aa[0-]|a0[0a]{6}|0{1,2}a[0a]{5}|0{3,5}a[0a]{2}|0{6}[a-]",
        needs="-",
    ),
    Rule(
        re.compile(r"(?=([a-f0-9]{7,64}))\1(?!\w)"),
        _long_code,
        "w0",
        shape="aa0|a0[0a]{5}|0{1,2}a[0a]{4}|0{3,5}a[0a]|0{6}a",
        letters="abcdef",
    ),
    Rule(
        re.compile(r"\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}(?![\w-])"),
        _split,
        "0",
        shape="0000[- ]0000[- ]0",
    ),
    Rule(re.compile(r"\d{5}-\d{4}(?![\w-])"), _split, "0", shape="0{5}-0000"),
    Rule(re.compile(r"3\d{3}([ -])\d{6}\1\d{5}(?![\w-])"), _split, "0", shape="0000[- ]0{6}"),
    Rule(
        re.compile(r"\d{1,5}(?:-\d{1,7}){2,3}-[\dX](?![\w-])"),
        _isbn,
        "0",
        shape="0{1,5}-0+(-0|$)",
        needs="-",
    ),
    Rule(re.compile(r"\d{3}-\d{2}-\d{4}(?![\w-])"), _split, "0", shape="000-00-0"),
    Rule(
        re.compile(r"(?=(\d(?:,?\d){15,80}))\1(?![\d,]\d)"), _commas, "0", shape="0{6}|0+,0[0,]{5}"
    ),
    Rule(
        re.compile(
            rf"(?P<number>\d{{4}})(?=\s(?:[NSEW]\.?\s)?(?:[A-Z][a-z]{{1,20}}\s|\d{{1,3}}"
            rf"(?:st|nd|rd|th)\s){{1,2}}{_STREET}(?!\w))"
        ),
        _street,
        "0",
        shape="0000 [a0]",
    ),
    Rule(
        re.compile(r"\d{3}(?![\w-]|[.,:]\d)|\d{4}(?![\w-]|[.,:]\d)"),
        _grouped,
        "0",
        shape="0{3,4}(?![0a-])",
    ),
    Rule(re.compile(r"\d{3,4}(?!\d|[.,]\d|\s?[%°])"), _after_letters, "0", shape="0{3,4}(?!0)"),
    Rule(re.compile(r"\d{2,}(?![.,:/-]\d|[\w%])"), _code, "0", shape="0{2,}(?!a)"),
    Rule(re.compile(r"\d{2,}(?![.,:]\d)"), _long, "0", shape="0{2,}"),
]
