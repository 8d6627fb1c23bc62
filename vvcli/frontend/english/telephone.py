"""Telephone numbers, digit by digit in their groups: "(555) 123-4567", "+44 20 7946 0958"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal, digits
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues

_CUES = cues("telephone.cues")


@dataclass(frozen=True)
class Telephone:
    """Groups of digits, or of letters for "1-800-FLOWERS"; `plus` for a country code."""

    groups: tuple[str, ...]
    plus: bool = False

    def words(self, british: bool) -> str:
        """As in "plus one, five five five, one two three, four five six seven"."""
        said = ", ".join(g.lower() if g.isalpha() else digits(g) for g in self.groups)
        return "plus " * self.plus + said


def _groups(match: re.Match[str], clause: Clause) -> Telephone | None:
    groups = tuple(re.findall(r"\d+|[A-Z]{3,}", match[0]))
    plus = match[0].startswith("+")
    if plus and not 7 <= sum(map(len, groups)) <= 15:
        return None
    return Telephone(groups, plus)


def _local(match: re.Match[str], clause: Clause) -> Telephone | None:
    """Seven digits; 100-2000 is a range."""
    return None if match[0][0] in "01" or match[0].endswith("000") else _groups(match, clause)


def _cued(match: re.Match[str], clause: Clause) -> Telephone | None:
    """A short number that is called: "dial 112"; also the next ones of a list."""
    place = match.start()
    for back in (1, 2, 3):
        before = clause.before(place, back).lower()
        if before in _CUES:
            return _groups(match, clause)
        if before not in ("at", "on", "number", "to", ":", ".", "us", "me", "him", "her", "is"):
            break
    is_listed = clause.before(place) in (",", ";", "or", "and", "/")
    if is_listed and clause.before(place, 2).isdigit() and clause.before(place, 3).lower() in _CUES:
        return _groups(match, clause)
    return None


def _emergency(match: re.Match[str], clause: Clause) -> Telephone | None:
    """911 as what it is: not before what could be counted."""
    after = clause.after(match.end()).lower()
    if after in ("call", "calls", "operator", "operators", "dispatch", "dispatcher", "emergency"):
        return _groups(match, clause)
    return None


@dataclass(frozen=True)
class Extension:
    """The number behind a switchboard: "x123" after a telephone number."""

    number: str

    def words(self, british: bool) -> str:
        """As in "extension one two three"."""
        is_short = len(self.number) < 3 and self.number[0] != "0"
        return f"extension {cardinal(int(self.number)) if is_short else digits(self.number)}"


def _extension(match: re.Match[str], clause: Clause) -> Extension | None:
    return Extension(match["number"]) if clause.previous == "Telephone" else None


@dataclass(frozen=True)
class Keys:
    """What is typed on a telephone: "*67", "#31#", "press #"."""

    keys: str

    def words(self, british: bool) -> str:
        """As in "star six seven"."""
        names = {"*": "star", "#": "hash" if british else "pound"}
        return " ".join(names.get(key) or digits(key) for key in self.keys)


def _keys(match: re.Match[str], clause: Clause) -> Keys | None:
    before = clause.before(match.start())
    return Keys(match[0]) if before.isalpha() and before.lower() in _KEYS else None


_KEYS = cues("telephone.keys")
_END = r"(?![\w]|[-.]\d)"

RULES = [
    Rule(
        re.compile(rf"\+\d{{1,3}}(?:[ .-]?\(?\d{{1,5}}\)?){{1,6}}{_END}"),
        _groups,
        "+",
        shape=r"\+0",
    ),
    Rule(
        re.compile(rf"\(\d{{2,5}}\)[ .-]?\d{{3,4}}[ .-]?\d{{3,4}}{_END}"),
        _groups,
        "(",
        shape=r"\(0",
    ),
    Rule(
        re.compile(rf"(?:1[-. ])?\d{{3}}([-. ])\d{{3}}\1\d{{4}}{_END}"),
        _groups,
        "0",
        shape="0[-. ]000[-. ]00|000[-. ]000[-. ]0",
    ),
    Rule(
        re.compile(r"1-\d{3}-(?:\d{3}-)?[A-Z]{4,10}(?!\w)|1-\d{3}-[A-Z]{2,6}-[A-Z]{2,6}(?!\w)"),
        _groups,
        "0",
        shape="0-000-",
        needs="a",
    ),
    Rule(
        re.compile(rf"1[38]00([ -])\d{{3}}\1\d{{3}}{_END}|13 \d\d \d\d{_END}"),
        _groups,
        "0",
        shape="0000[- ]000[- ]00|00 00 00",
    ),
    Rule(
        re.compile(rf"0\d{{1,4}}([ -])\d{{3,4}}\1?\d{{3,4}}{_END}"),
        _groups,
        "0",
        shape="0{2,5}[- ]000",
    ),
    Rule(
        re.compile(rf"0\d([ .])\d\d\1\d\d\1\d\d\1\d\d{_END}"), _groups, "0", shape="00[ .]00[ .]00"
    ),
    Rule(re.compile(rf"0\d{{9,10}}{_END}"), _groups, "0", shape="0{6}"),
    Rule(re.compile(rf"\d{{3}}[-.]\d{{4}}{_END}"), _local, "0", shape="000[-.]0000(?![0a_])"),
    Rule(
        re.compile(rf"\d{{3}} \d{{4}}{_END}|\d{{3,15}}(?![\w]|[-.,:]\d|\s?%)"),
        _cued,
        "0",
        shape="0{3,}(?!a)",
    ),
    Rule(
        re.compile(r"(?:x|ext\.?|Ext\.?)\s?(?P<number>\d{1,6})(?!\w)"),
        _extension,
        "w",
        frozenset(["x", "ext"]),
    ),
    Rule(re.compile(r"[*#]{1,2}\d{0,4}(?:[*#]\d{1,9}){0,2}#?(?![\w*#])"), _keys, "*#"),
    Rule(re.compile(r"0\d{2,4}/\d{4,9}(?![\w/])"), _groups, "0", shape="0{3,5}/0000"),
    Rule(re.compile(r"0[58]\d\d[ -]\d{4}(?![\w]|[-.]\d)"), _groups, "0", shape="0000[ -]0000"),
    Rule(re.compile(r"911|999|112(?!\d)"), _emergency, "0", shape="000(?!0)"),
]
