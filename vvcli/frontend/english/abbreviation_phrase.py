"""Abbreviations with signs inside: "e.g.", "w/o", "and/or", "Roe v. Wade", "(b. 1955)"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.classify import Rule
from vvcli.frontend.clause import Clause
from vvcli.frontend.english.abbreviation import Abbreviation
from vvcli.frontend.english.patterns import alternatives
from vvcli.frontend.tables import mapping, rows

_PHRASES = {row[0]: (row[1], row[2] if len(row) > 2 else "") for row in rows("english/phrases")}


def _phrase(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    found = _PHRASES.get(_key(match["phrase"]))
    return Abbreviation(found[0]) if found else None


def _key(written: str) -> str:
    key = re.sub(r"\s+", " ", re.sub(r"\.\s?(?=\w)", ".", written.lower())).rstrip(".")
    if key in _PHRASES:
        return key
    key = re.sub(r"\.(?=\w)", ". ", written.lower()).rstrip(".")
    return key if key in _PHRASES else written.lower()


def _pattern(phrase: str) -> str:
    """A phrase whose points may have a space after them."""
    return r"\.\s?".join(
        r"\s+".join(re.escape(word) for word in part.strip().split(" "))
        for part in phrase.rstrip(".").split(".")
    )


def _phrases(stop: str) -> Rule:
    found = [phrase for phrase, (_, how) in _PHRASES.items() if how == stop]
    first = frozenset(re.match("[a-z]+", phrase)[0] for phrase in found)  # type: ignore[index]
    longest = sorted(found, key=len, reverse=True)
    written = "|".join(_pattern(p) for p in longest)
    # "w/" stands before anything but a letter that it would touch.
    return Rule(
        re.compile(
            rf"(?<![\w/])(?P<phrase>(?i:{written}))(?:\.|(?![\w/]))(?!\w|\.\w)|(?P<with>w/)(?=\w)"
        ),
        lambda m, c: Abbreviation("with") if m["with"] else _phrase(m, c),
        "w",
        first | ({"w"} if not stop else frozenset()),
        stop=stop or "never",
    )


@dataclass(frozen=True)
class Slashed:
    """Words with a slash that is read in a way of its own."""

    said: str

    def words(self, british: bool) -> str:
        """As in "and or"."""
        return self.said


def _slashed(match: re.Match[str], clause: Clause) -> Slashed | None:
    said = mapping("english/slashes").get(match[0].lower())
    return Slashed(said) if said else None


def _versus(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    """Between two parties: "Roe v. Wade"."""
    before, after = clause.before(match.start()), clause.after(match.end())
    if before == ".":
        before = "U.S."
    is_case = before[:1].isupper() and after[:1].isupper() and len(before) > 1 and len(after) > 1
    return Abbreviation("versus") if is_case else None


def _life(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    """The years of a life: "(b. 1955)"."""
    is_year = clause.after(match.end())[:1].isdigit()
    if not is_year or clause.before(match.start()) not in ("(", ";", ","):
        return None
    said = {"b.": "born", "d.": "died", "r.": "reigned", "fl.": "flourished", "m.": "married"}
    return Abbreviation(said[match[0]])


def _direction(match: re.Match[str], clause: Clause) -> Abbreviation | None:
    """In an address: "1600 N. Main St."."""
    after = clause.after(match.end())
    is_numbered = re.match(
        r"\s\d{1,3}(?:st|nd|rd|th)\s", clause.text[match.end() : match.end() + 8]
    )
    if not (clause.before(match.start()).isdigit() or is_numbered) or not (
        after[:1].isupper() or after.isdigit()
    ):
        return None
    said = {"N": "north", "S": "south", "E": "east", "W": "west"}
    return Abbreviation(said[match[0][0]])


_NUMBERED = re.compile(r"\s\d{1,3}(?:st|nd|rd|th)\s")
_BOOKS = mapping("english/books")

RULES = [
    Rule(
        re.compile(rf"(?P<book>{alternatives(set(_BOOKS))})\.?(?=\s\d{{1,3}}:\d)"),
        lambda m, c: Abbreviation(_BOOKS[m["book"]]),
        "C",
        frozenset(book.lower() for book in _BOOKS),
        stop="never",
    ),
    Rule(re.compile(r"[NSEW]\."), _direction, "C", frozenset("nsew"), stop="never"),
    Rule(re.compile(r"v\.?(?=\s)"), _versus, "w", frozenset("v"), stop="never"),
    Rule(
        re.compile(r"(?:b|d|r|m|fl)\.(?=\s?\d)"),
        _life,
        "w",
        frozenset(["b", "d", "r", "m", "fl"]),
        stop="never",
    ),
    Rule(
        re.compile(r"[A-Za-z]{1,10}/[A-Za-z0-9]{1,10}(?![\w/])"),
        _slashed,
        "w",
        frozenset(re.match("[a-z]*", key)[0] for key in mapping("english/slashes")),  # type: ignore[index]
    ),
    *(_phrases(stop) for stop in ("", "starter", "capital")),
    Rule(
        re.compile(r"(?:[eE]\.g\.|[iI]\.e\.)(?=[A-Za-z])"),
        lambda m, c: Abbreviation(_PHRASES[m[0].lower().rstrip(".")][0]),
        "w",
        frozenset("ei"),
    ),
]
