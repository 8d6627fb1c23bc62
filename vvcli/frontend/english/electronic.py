"""Addresses, files and code: URLs, mail, paths, "@handle", "#tag", "snake_case", "foo()"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vvcli.frontend.clause import Clause
from vvcli.frontend.english.number_words import cardinal, digits, grouped, letters
from vvcli.frontend.english.patterns import alternatives
from vvcli.frontend.english.plain import without_accents
from vvcli.frontend.rule import Rule
from vvcli.frontend.tables import cues, mapping, words

_SIGNS = {
    ".": "dot", "@": "at", "/": "slash", "-": "dash", "_": "underscore", ":": "colon",
    "?": "question mark", "=": "equals", "&": "and", "#": "hash", "+": "plus", "%": "percent",
    "~": "tilde", "\\": "backslash", "*": "star", "$": "dollar", "!": "exclamation mark",
}  # fmt: skip
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\w\s]|_|[^\W\d_]+")


@dataclass(frozen=True)
class Electronic:
    """An address, path or name that is read sign by sign."""

    address: str

    def words(self, british: bool) -> str:
        """As in "me at example dot com"."""
        return spoken_address(self.address)


def spoken_address(address: str) -> str:
    """Words, signs by their names, short pieces by their letters."""
    said: list[str] = []
    pieces = _PIECE.findall(without_accents(address))
    for i, piece in enumerate(pieces):
        if piece.isdigit():
            said.append(_number(piece, pieces[i - 1] if i else ""))
        elif piece in _SIGNS:
            said.append(_SIGNS[piece])
        elif piece[0].isalpha():
            is_ending = i == len(pieces) - 1 or pieces[i + 1] in "/:?#.\"'"
            after_dot = i > 0 and pieces[i - 1] == "."
            said.append(_word(piece, after_dot=after_dot and is_ending))
    return " ".join(said)


def _number(piece: str, before: str) -> str:
    if len(piece) > 1 and piece[0] == "0":
        return digits(piece)
    if before == ":" or len(piece) < 4:
        return cardinal(int(piece))
    return grouped(piece) if len(piece) == 4 else digits(piece)


def _word(piece: str, *, after_dot: bool) -> str:
    lower = piece.lower()
    if lower == "www":
        return "w w w"
    if after_dot:
        said = mapping("english/domains").get(lower) or mapping("english/extensions").get(lower)
        if said is not None:
            return lower if said == "=" else letters(lower)
    if len(lower) <= 3 and lower in words("english/common_words") and lower != "us":
        return lower
    if len(lower) <= 2 or not re.search("[aeiouy]", lower):
        return letters(lower)
    return lower


@dataclass(frozen=True)
class Host:
    """An address of four numbers, with a port or a mask after it."""

    parts: tuple[str, ...]
    ending: str = ""

    def words(self, british: bool) -> str:
        """As in "one ninety two dot one sixty eight dot zero dot one"."""
        said = " dot ".join(grouped(part) for part in self.parts)
        if not self.ending:
            return said
        sign, number = self.ending[0], self.ending[1:]
        return f"{said} {_SIGNS[sign]} {cardinal(int(number))}"


@dataclass(frozen=True)
class Hex:
    """Pairs of hexadecimal digits: "00:1A:2B"."""

    pairs: tuple[str, ...]

    def words(self, british: bool) -> str:
        """As in "zero zero, one ay"."""
        return ", ".join(letters(pair) for pair in self.pairs)


def _url(match: re.Match[str], clause: Clause) -> Electronic:
    address = match["address"]
    if (match["scheme"] or "").startswith("file"):
        return Electronic("file " + re.sub("^/{2,3}", "/", address))
    return Electronic(address)


def _domain(match: re.Match[str], clause: Clause) -> Electronic | None:
    name, ending = match["name"], match["ending"]
    if ending != ending.lower() and ending != ending.upper():
        return None  # "end.In"
    if ending.lower() in _WORDS and not match["path"] and not name.startswith("www."):
        is_known = name.islower() and ending.islower()
        if not is_known or ending in (
            "so",
            "to",
            "at",
            "is",
            "it",
            "in",
            "me",
            "us",
            "no",
            "be",
            "be",
        ):
            return None
    return Electronic(match[0])


_WORDS = cues("electronic.words")


def _host(match: re.Match[str], clause: Clause) -> Host | None:
    parts = match["parts"].split(".")
    if any(int(part) > 255 for part in parts):
        return None
    is_address = any(len(part) == 3 for part in parts) or match["ending"]
    cue = clause.before(match.start()).lower()
    if not is_address and cue not in (
        "ip",
        "host",
        "address",
        "server",
        "ping",
        "subnet",
        "at",
        "@",
    ):
        return None
    return Host(tuple(parts), match["ending"] or "")


def _hex(match: re.Match[str], clause: Clause) -> Hex | None:
    if not re.search("[A-Fa-f]", match[0]) and match[0].count(":") < 4:
        return None
    return Hex(tuple(re.split("[:-]", match[0])))


_CHARS = r"[^\s<>\"'`,;|(){}\[\]^]"
_ADDRESS = rf"{_CHARS}{{0,1000}}(?:\([\w.-]{{1,80}}\))?{_CHARS}{{0,400}}(?<![.?!,:;*_~])"
_TLD = alternatives(set(mapping("english/domains")) | {"COM", "ORG", "NET"})
# An address begins where no word does, or every letter of a long one would be tried.
ALONE = r"(?<![\w.@/-])"
_LABEL = r"[A-Za-z0-9](?:[\w-]{0,61}[A-Za-z0-9])?"

RULES = [
    Rule(
        re.compile(
            r"(?P<scheme>https?://|ftps?://|sftp://|ssh://|wss?://|mailto:|tel:|file:/{2,3}|"
            rf"s3://|git://|HTTPS?://)(?P<address>{_ADDRESS})"
        ),
        _url,
        "w",
        frozenset(
            [
                "http",
                "https",
                "ftp",
                "ftps",
                "sftp",
                "ssh",
                "ws",
                "wss",
                "mailto",
                "tel",
                "file",
                "s",
                "git",
            ]
        ),
        shape="a+[:0]",
    ),
    Rule(
        re.compile(
            rf"{ALONE}(?P<address>[\w.+-]{{1,64}}@(?:{_LABEL}\.){{1,5}}[A-Za-z]{{2,12}}"
            r"(?::[\w./~-]{1,100})?(?<![.]))(?!\w)"
        ),
        lambda m, c: Electronic(m["address"]),
        "w0",
        shape="a+[.@_+0-]|0+[.@_+a-]",
        needs="@",
    ),
    Rule(
        re.compile(rf"{ALONE}[A-Za-z][\w.-]{{0,30}}@[A-Za-z][\w-]{{0,30}}(?!\w)"),
        lambda m, c: Electronic(m[0]),
        "w",
        shape="a+[.@_0-]",
        needs="@",
    ),
    Rule(
        re.compile(
            rf"{ALONE}(?P<name>(?:{_LABEL}\.){{1,5}})(?=[A-Za-z])(?P<ending>{_TLD})(?![\w@]|-\w)"
            rf"(?P<path>(?::\d{{2,5}})?(?:[/?#]{_ADDRESS})?)"
        ),
        _domain,
        "w0",
        shape="(a+[._0-]|0+[._a-])[a0]",
        needs=".",
    ),
    Rule(
        re.compile(r"localhost(?::\d{2,5})?(?:/[\w./?=&%#~-]{0,400}(?<![.?]))?(?!\w)"),
        lambda m, c: Electronic(m[0]),
        "w",
        frozenset(["localhost"]),
    ),
    Rule(
        re.compile(r"(?P<parts>\d{1,3}(?:\.\d{1,3}){3})(?P<ending>[:/]\d{1,5})?(?![\w]|\.\d)"),
        _host,
        "0",
        shape=r"0{1,3}\.0{1,3}\.0",
    ),
    Rule(
        re.compile(r"[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){1,14}(?![\w:])"),
        _hex,
        "w0",
        shape="(00|aa)[:-]|0a|a0",
        letters="abcdef",
        needs=":-",
    ),
]
