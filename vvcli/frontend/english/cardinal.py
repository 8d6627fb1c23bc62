"""Whole numbers: "1,234", "1.234.567", "100k users", "1500 guests"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import letters, number, plural, year
from vvcli.frontend.english.patterns import NUMBER, is_year_like, plain
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, mapping, words

_PEOPLE = cues("cardinal.people")
_NO_PLURAL = cues("cardinal.no_plural")
_K = cues("cardinal.k")


@dataclass(frozen=True)
class Cardinal:
    """A whole number, with a magnitude such as "thousand" after it."""

    number: str
    magnitude: str = ""
    as_pairs: bool = False  # "fifteen hundred", as a year is read
    minus: bool = False

    def words(self, british: bool) -> str:
        """As in "minus one hundred thousand"."""
        said = year(int(self.number), british) if self.as_pairs else number(self.number, british)
        if self.minus:
            said = f"minus {said}"
        return f"{said} {self.magnitude}" if self.magnitude else said


def counts(word: str) -> bool:
    """Whether `word` looks like the plural of something that is counted."""
    if word in _PEOPLE:
        return True
    return len(word) > 2 and word.endswith("s") and "'" not in word and word not in _NO_PLURAL


def _whole(match: re.Match[str], clause: Clause) -> Cardinal | None:
    sign, written = match.groups()
    end = match.end()
    if "." in written or (clause.follows(end) in ("e", "E") and _EXPONENT.match(clause.text, end)):
        return None  # 1e-5
    minus = sign is not None
    if minus and not _can_be_minus(match, clause):
        return None
    if len(written) == 4 and is_year_like(written):
        after = clause.after(end)
        if written.endswith("00") or not (after.islower() and counts(after)):
            return Cardinal(written, as_pairs=not minus, minus=minus)
    return _cardinal(written, minus)


@lru_cache(1024)
def _cardinal(written: str, minus: bool) -> Cardinal:
    return Cardinal(plain(written), minus=minus)


_EXPONENT = re.compile(r"[eE][+-]?\d{1,3}(?!\w)")


def _can_be_minus(match: re.Match[str], clause: Clause) -> bool:
    before = clause.touches(match.start())
    return not before or before.isspace() or before in "([{=<>,:~/*^+±\"'"


def _dotted(match: re.Match[str], clause: Clause) -> Cardinal | None:
    if clause.before(match.start()).lower() in ("v", "version", "release", "build"):
        return None
    return Cardinal(match[0].replace(".", ""))


def _magnitude(match: re.Match[str], clause: Clause) -> Cardinal | Coded | None:
    written, sign = match["number"], match["sign"]
    after = clause.after(match.end()).lower()
    before = clause.cue(match.start())
    touches = clause.touches(match.start())
    if touches == "-" and clause.text[max(0, match.start() - 2)].isalnum() and sign in "KMB":
        return Coded(written, sign)  # i7-13700K
    if touches.isalpha() or touches == "#":
        return None  # B2B, Apt #5B
    if before in words("english/sections"):
        return None
    is_counted = after in words("english/counted") or counts(after)
    is_screen_or_race = (sign == "K" and written in _K) or "run" in (before, after)
    if sign in "kK" and not is_counted and (is_screen_or_race or before in ("ran", "running")):
        return Coded(written, "k")
    if sign in "MB" and clause.after(match.end())[:1].isupper():
        return None  # 221B Baker Street
    if sign in ("M", "m") and written == "3" and not after:
        return None
    if sign == "m" and before in ("pop", "population"):
        return Cardinal(plain(written), "million")
    if sign in ("m", "b", "t") and not (after in words("english/counted") or counts(after)):
        return None  # meters, bytes, tons
    if sign == "T" and clause.text[match.end() - 2] == " ":
        return None
    return Cardinal(plain(written), mapping("english/magnitudes")[sign])


def _millions(match: re.Match[str], clause: Clause) -> Cardinal:
    """A decimal before M or B, which is molar before the name of a substance."""
    name = "molar" if _SUBSTANCE.match(clause.text, match.end()) else ""
    return Cardinal(plain(match["number"]), name or mapping("english/magnitudes")[match["sign"]])


_SUBSTANCE = re.compile(r"\s(?:[A-Z][a-z]?[A-Z]|solution|sodium|potassium|tris|buffer)", re.A)


@dataclass(frozen=True)
class Coded:
    """A number with a letter that stays one: "4K"."""

    number: str
    letter: str

    def words(self, british: bool) -> str:
        """As in "four k"."""
        return f"{number(self.number, british)} {letters(self.letter)}"


@dataclass(frozen=True)
class Plural:
    """Several of what has a number for its name: "PS5s", "the 49ers"."""

    number: str
    ending: str

    def words(self, british: bool) -> str:
        """As in "fives" or "forty niners"."""
        said = number(self.number, british)
        if self.ending == "s":
            return plural(said)
        return said + ("rs" if said.endswith("e") else "ers")


@dataclass(frozen=True)
class Possessive:
    """What belongs to a number or a year: "2001's best"."""

    number: str

    def words(self, british: bool) -> str:
        """As in "two thousand one's"."""
        said = year(int(self.number)) if is_year_like(self.number) else number(self.number, british)
        return f"{said}'s"


def _plural(match: re.Match[str], clause: Clause) -> Plural | None:
    is_name = clause.touches(match.start()).isalpha() or match["ending"] == "ers"
    return Plural(match["number"], match["ending"]) if is_name else None


_MAGNITUDES = mapping("english/magnitudes")

RULES = [
    Rule(
        re.compile(r"(?P<number>\d{1,4})'s(?!\w)"),
        lambda m, c: Possessive(m["number"]),
        "0",
        shape="0{1,4}'a",
    ),
    Rule(
        re.compile(r"(?P<number>\d{1,4})(?P<ending>s|ers)(?!\w)"),
        _plural,
        "0",
        shape="0{1,4}(a|aaa)(?![0a_])",
        letters="se",
    ),
    Rule(
        re.compile(r"\d{1,3}(?: 000){1,4}(?![\d-]|[ .,]\d)"),
        lambda m, c: Cardinal(m[0].replace(" ", "")),
        "0",
        shape="0{1,3} 000",
    ),
    Rule(re.compile(r"\d{1,3}(?:\.\d{3}){2,5}(?![\d.]\d)"), _dotted, "0", shape=r"0{1,3}\.000\.00"),
    Rule(
        re.compile(
            rf"(?P<number>{NUMBER})(?P<sign>[kKMB]|bn|mn|m(?=\s[a-z]+s\b)|(?<=\d)m)(?![\w'])"
        ),
        _magnitude,
        "0.",
        shape="0+(a|[,']00|[.]0+(a|$))|[.]0+(a|$)",
        letters="kmb",
    ),
    Rule(
        re.compile(r"(?P<number>\d+(?:\.\d+)?)\s(?P<sign>[mM]|bn|mn)(?=\s[a-z]+)"),
        lambda m, c: _magnitude(m, c) if c.after(m.end()) in words("english/counted") else None,
        "0",
        shape="0+( a|[.]0+( a|$))",
        letters="m",
    ),
    Rule(
        re.compile(r"(?P<number>\d+(?:[.,]\d+)?)\s(?P<sign>[mM]io|[mM]rd)(?!\w)\.?"),
        lambda m, c: Cardinal(m["number"].replace(",", "."), _MAGNITUDES[m["sign"]]),
        "0",
        shape="0+( a|[.,]0+( a|$))",
        stop="starter",
    ),
    Rule(
        re.compile(r"(?P<number>\d+\.\d+)\s(?P<sign>[MB])(?!\w)"),
        _millions,
        "0",
        shape=r"0+\.0+( a|$)",
    ),
    Rule(
        re.compile(rf"(?P<minus>(?<![\w)])-)?(?P<number>{NUMBER})"), _whole, "0-", shape="0|-[0.]"
    ),
]
