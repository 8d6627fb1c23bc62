"""Versions: "v1.2.3", "Python 3.11.4", "version 3.10", "2.0.1-beta"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal, digits, letters
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues

_CUES = cues("version.cues")


@dataclass(frozen=True)
class Version:
    """Numbers between points, with a letter before and a word after."""

    parts: tuple[str, ...]
    prefix: str = ""
    ending: str = ""  # letters right after: "3.0b2"

    def words(self, british: bool) -> str:
        """As in "v one point two point three"."""
        said = " point ".join(
            digits(part) if len(part) > 1 and part[0] == "0" else cardinal(int(part), british)
            for part in self.parts
        )
        ending = " ".join(
            cardinal(int(piece)) if piece.isdigit() else piece if len(piece) > 1 else letters(piece)
            for piece in re.findall(r"\d+|[a-z]+", self.ending.lower())
        )
        return " ".join(filter(None, [letters(self.prefix), said, ending]))


@dataclass(frozen=True)
class Any(Version):
    """Any version of those: "2.x"."""

    def words(self, british: bool) -> str:
        """As in "two point x"."""
        return f"{super().words(british)} point x"


def _version(match: re.Match[str], clause: Clause) -> Version | None:
    parts = tuple(match["parts"].split("."))
    first, *rest = parts
    is_cued = match["prefix"] or clause.before(match.start()).lower() in _CUES
    if not is_cued and len(rest) > 1 and all(len(part) == 3 for part in rest) and len(first) < 4:
        return None  # 1.234.567
    return Version(parts, match["prefix"] or "", match["ending"] or "")


def _cued(match: re.Match[str], clause: Clause) -> Version | None:
    if clause.before(match.start()).lower() not in _CUES:
        return None
    return _version(match, clause)


_ENDING = r"(?P<ending>(?:a|b|rc|alpha|beta|dev|post|x)\d{0,3})?(?![\w]|\.\d)"

RULES = [
    Rule(
        re.compile(
            r"(?P<prefix>[vV]?)(?P<parts>\d{1,3}(?:\.\d{1,3}){0,3})\.(?P<ending>[xX])(?!\w)"
        ),
        lambda m, c: Any(tuple(m["parts"].split(".")), m["prefix"]),
        "0w",
        frozenset(["v"]),
        shape=r"0{1,3}(\.0{1,3})*(\.a|\.?$)|a0",
    ),
    Rule(
        re.compile(
            rf"(?P<prefix>[vV])\s?\.?\s?(?P<parts>\d{{1,8}}(?:\.\d{{1,8}}){{0,5}}){_ENDING}"
        ),
        _version,
        "w",
        frozenset(["v"]),
        shape="a[.0 ]",
    ),
    Rule(
        re.compile(rf"(?P<prefix>)(?P<parts>\d{{1,8}}(?:\.\d{{1,8}}){{2,5}}){_ENDING}"),
        _version,
        "0",
        shape=r"0+\.0+(\.0|$)",
    ),
    Rule(
        re.compile(rf"(?P<prefix>)(?P<parts>\d{{1,8}}\.\d{{1,8}}){_ENDING}"),
        _cued,
        "0",
        shape=r"0+\.0+(?![0_]|\.0)",
    ),
]
